// The chart as people use it: helm install to observe, helm upgrade to enforce, helm uninstall.

import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"
import { crds } from "../../src/api/crd.ts"
import { command } from "../../src/lab/command.ts"
import { networkPolicy } from "./objects.ts"
import { imageArchive, podsOf, tablesOf, untilRolledOut } from "./postern.ts"
import { kubeconfig } from "./rig/daemons.ts"
import type { Rig } from "./rig/rig.ts"
import { CONTROL_PLANE } from "./rig/settings.ts"
import { startTestRig } from "./test-rig.ts"

const chart = fileURLToPath(new URL("../../deploy/chart", import.meta.url))
const PATIENCE = ["--timeout", "300s"]

let rig: Rig

beforeAll(async () => {
  rig = await startTestRig({ cni: "bridge" })
  await rig.importImage(imageArchive())
})
afterAll(() => rig?.down())

async function helm(...args: readonly string[]): Promise<string> {
  const program = join(await ensureBinaries(["helm"]), "helm")
  const home = `HOME=${rig.state.logs}`
  const config = `KUBECONFIG=${kubeconfig(rig.state, "admin")}`
  const release = [...args, "--namespace", "postern-system", ...PATIENCE]
  return command(rig.enter(CONTROL_PLANE, ["env", home, config, program, ...release]))
}

/** What kubectl says of a policy that nobody has applied, and that has rules which do nothing. */
async function told(): Promise<string> {
  const policy = networkPolicy("default/odd", { podSelector: {}, policyTypes: ["Ingress"], egress: [{}] })
  const { stderr } = await rig.tryKubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(policy))
  return stderr
}

async function statesOfNodes(): Promise<readonly string[]> {
  const path = "jsonpath={range .items[*]}{.metadata.name}={.status.state} {end}"
  return (await rig.kubectl(["get", "nodestatuses", "-o", path])).trim().split(" ")
}

test("helm install, with the chart's defaults, observes: every node has the table, and drops nothing", async () => {
  const notes = await helm("install", "postern", chart, "--create-namespace", "--wait")
  expect(notes).toContain("enforcement: observe")
  // helm waits for all agents but maxUnavailable.
  await untilRolledOut(rig)
  expect([...(await podsOf(rig, "agent")).keys()].toSorted()).toEqual(rig.nodes.toSorted())
  expect(await podsOf(rig, "controller")).toHaveProperty("size", 2)
  expect(await podsOf(rig, "webhook")).toHaveProperty("size", 2)
  for (const node of rig.nodes) expect(await tablesOf(rig, node)).toContain("inet postern")
  await expect
    .poll(statesOfNodes, { timeout: 180_000 })
    .toEqual(rig.nodes.map((node) => `${node}=Programmed`))
  const setting = await rig.kubectl([
    "get",
    "configmap",
    "postern",
    "-n",
    "postern-system",
    "-o",
    "jsonpath={.data.enforcement}",
  ])
  expect(setting).toBe("observe")
})

const COMPONENTS = ["agent", "controller", "webhook"] as const

test("helm upgrade changes the mode without another pod, and the webhook goes on being called", async () => {
  const pods = () => Promise.all(COMPONENTS.map((component) => podsOf(rig, component)))
  const before = await pods()
  await expect.poll(told, { timeout: 180_000, interval: 1_000 }).toMatch(/^Warning: /)
  expect(await helm("upgrade", "postern", chart, "--set", "enforcement=enforce", "--wait")).toContain(
    "enforcement: enforce",
  )
  await expect.poll(told, { timeout: 180_000, interval: 1_000 }).toMatch(/^Warning: /)
  expect(await pods()).toEqual(before)
  for (const node of rig.nodes) expect(await tablesOf(rig, node)).toContain("inet postern")
})

test("helm uninstall leaves no table on any node, nobody who is called, and the CRDs", async () => {
  await helm("uninstall", "postern")
  for (const node of rig.nodes) expect(await tablesOf(rig, node)).toEqual([])
  const names = async (...words: readonly string[]): Promise<string> =>
    (await rig.kubectl(["get", ...words, "-o", "name"])).trim()
  const own = (): Promise<string> =>
    names("daemonset,deployment,service,job,role,rolebinding,pdb", "-n", "postern-system")
  await expect.poll(own, { timeout: 180_000, interval: 1_000 }).toBe("")
  const ours = ["-l", "app.kubernetes.io/name=postern"]
  expect(await names("rolebinding", "-n", "kube-system", ...ours)).toBe("")
  const wide = "clusterrole,clusterrolebinding,validatingwebhookconfiguration,apiservice"
  expect(await names(wide, ...ours)).toBe("")
  expect((await names("crd")).split("\n")).toHaveLength(crds.length)
  // It would stay Terminating, had an APIService stayed that nobody serves.
  await rig.kubectl(["delete", "namespace", "postern-system", "--timeout=240s"])
})
