// Postern on a rig, as a user installs it: the image on every node, one manifest.

import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import manifest from "../../package.json" with { type: "json" }
import { command } from "../../src/lab/command.ts"
import type { Rig } from "./rig/rig.ts"
import { CONTROL_PLANE } from "./rig/settings.ts"

export const POSTERN = "postern-system"
export const CONTROLLER = "deployment/postern-controller"
export const AGENT = "daemonset/postern-agent"
export const WEBHOOK = "deployment/postern-webhook"
const CALLED = ["validatingwebhookconfiguration/postern", "apiservice/v1alpha1.explain.postern.dev"]

const root = new URL("../../", import.meta.url)

export async function installPostern(rig: Rig): Promise<void> {
  await rig.importImage(imageArchive())
  await rig.kubectl(["apply", "-f", fileURLToPath(new URL("deploy/postern.yaml", root))])
  await untilRolledOut(rig)
}

export async function untilRolledOut(rig: Rig): Promise<void> {
  for (const workload of [CONTROLLER, AGENT, WEBHOOK]) {
    await rig.kubectl(["rollout", "status", "-n", POSTERN, workload, "--timeout=480s"])
  }
}

/** The steps of docs/install.md for those who have no Helm. */
export async function uninstallPostern(rig: Rig): Promise<void> {
  const remove = fileURLToPath(new URL("deploy/postern-remove.yaml", root))
  await rig.kubectl(["delete", ...CALLED])
  await rig.kubectl(["-n", POSTERN, "delete", AGENT, "--cascade=foreground"])
  await rig.kubectl(["apply", "-f", remove])
  await rig.kubectl(["-n", POSTERN, "rollout", "status", "daemonset/postern-remove", "--timeout=480s"])
  await rig.kubectl(["delete", "namespace", POSTERN])
  await rig.kubectl(["delete", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=postern"])
  await rig.kubectl(["-n", "kube-system", "delete", "rolebinding", "postern-webhook-front-proxy"])
}

/** The postern command, as administrator. */
export function postern(rig: Rig, argv: readonly string[]): Promise<string> {
  const program = fileURLToPath(new URL("bin/postern.js", root))
  const kubeconfig = ["--kubeconfig", rig.kubeconfig]
  return command(rig.enter(CONTROL_PLANE, [process.execPath, program, ...argv, ...kubeconfig]))
}

/** Postern's tables on a node, as "inet postern". */
export async function tablesOf(rig: Rig, node: string): Promise<readonly string[]> {
  const tables = await command(rig.enter(node, ["nft", "list", "tables"]))
  return tables
    .split("\n")
    .filter((line) => line.endsWith(" postern"))
    .map((line) => line.replace("table ", ""))
}

/** Names of the pods of a component, by node. */
export async function podsOf(
  rig: Rig,
  component: "agent" | "controller" | "webhook",
): Promise<ReadonlyMap<string, string>> {
  const selector = `app.kubernetes.io/component=${component}`
  const path = "{range .items[*]}{.spec.nodeName} {.metadata.name}{'\\n'}{end}"
  const text = await rig.kubectl(["get", "pods", "-n", POSTERN, "-l", selector, "-o", `jsonpath=${path}`])
  const lines = text.split("\n").filter((line) => line !== "")
  return new Map(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]))
}

export function imageArchive(): string {
  const architecture = process.arch === "arm64" ? "arm64" : "amd64"
  const path = fileURLToPath(new URL(`dist/postern-${manifest.version}-${architecture}.tar`, root))
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run image makes it`)
  return path
}
