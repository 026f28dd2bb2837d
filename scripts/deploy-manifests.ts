// The plain manifests: the chart as `helm template` renders it, for kubectl apply.

import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"
import { ensureBinaries } from "./programs/ensure-binaries.ts"

const chart = fileURLToPath(new URL("../deploy/chart", import.meta.url))

export const NAMESPACE = "postern-system"

/** helm template, with what helm says on standard error in the error that it throws. */
export async function renderChart(args: readonly string[]): Promise<string> {
  const helm = join(await ensureBinaries(["helm"]), "helm")
  const command = ["template", "postern", chart, "--namespace", NAMESPACE, ...args]
  return execFileSync(helm, command, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
}

/** Path in the repository -> text. */
export async function deployManifests(): Promise<ReadonlyMap<string, string>> {
  const plain = ["--no-hooks", "--set", "namespace.create=true", "--set"]
  const enforce = await renderChart([...plain, "enforcement=enforce"])
  const observe = await renderChart([...plain, "enforcement=observe"])
  const hooks = await renderChart(["--show-only", "templates/uninstall.yaml"])
  return new Map([
    ["deploy/postern.yaml", `${HEAD}# Policies are enforced at once.\n${tidy(enforce)}`],
    [
      "deploy/postern-observe.yaml",
      `${HEAD}# Nothing is dropped; what would be is counted and logged.\n${tidy(observe)}`,
    ],
    [
      "deploy/postern-remove.yaml",
      `${HEAD}# Removes the rules from every node: docs/install.md says when.\n${removal(hooks)}`,
    ],
  ])
}

const HEAD = "# Written by npm run generate from deploy/chart.\n"

/** Helm's are managed by Helm; these by whoever applies them. */
function tidy(text: string): string {
  return text
    .replaceAll("app.kubernetes.io/managed-by: Helm", "app.kubernetes.io/managed-by: kubectl")
    .replaceAll(/^# Source: .*\n/gm, "")
    .replaceAll(/[ \t]+$/gm, "")
}

/** The DaemonSet that helm runs before a release is deleted, as an object of its own. */
function removal(hooks: string): string {
  const found = parseAllDocuments(hooks).find((document) => document.get("kind") === "DaemonSet")
  if (found === undefined) throw new Error("the chart's uninstallation has no DaemonSet")
  found.deleteIn(["metadata", "annotations"])
  return tidy(found.toString({ lineWidth: 0 }))
}
