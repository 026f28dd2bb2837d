// One manifest on a cluster, on both kinds of pod network: examples, time to enforcement, observe, uninstall.

import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { tryCommand } from "../../src/lab/command.ts"
import { settledCases, wrongCases } from "./case-results.ts"
import { readExample } from "./example.ts"
import { measureLatency, quantile } from "./latency.ts"
import { namespaceObject, networkPolicy, serverPod } from "./objects.ts"
import { createPods, type Pods } from "./pods.ts"
import {
  CONTROLLER,
  installPostern,
  POSTERN,
  postern,
  tablesOf,
  uninstallPostern,
  untilRolledOut,
} from "./postern.ts"
import type { Rig } from "./rig/rig.ts"
import { startTestRig } from "./test-rig.ts"

const EXAMPLES = [
  "and-versus-or",
  "a-pod-and-its-service",
  "database-only-from-backend",
  "from-a-namespace-by-name",
  "named-port",
  "named-port-egress",
  "policies-add-up",
  "tenants",
]

const CONTROLLER_PODS = "app.kubernetes.io/component=controller"

const NETWORKS = [
  ["flannel vxlan, kube-proxy nftables", { cni: "flannel-vxlan", proxy: "nftables", families: "ipv4" }],
  ["routed, kube-proxy iptables, dual-stack", { cni: "ptp", proxy: "iptables", families: "dual" }],
] as const

/** With POSTERN_CLUSTER_FULL=1 besides. The other test files have clusters with a bridge and IPv4. */
const MORE_NETWORKS = [
  ["bridge, kube-proxy nftables, IPv6", { cni: "bridge", proxy: "nftables", families: "ipv6" }],
  [
    "flannel, kube-proxy iptables, dual-stack",
    { cni: "flannel-host-gw", proxy: "iptables", families: "dual" },
  ],
] as const

const isFull = process.env["POSTERN_CLUSTER_FULL"] === "1"

describe.for(isFull ? [...NETWORKS, ...MORE_NETWORKS] : NETWORKS)("%s", ([, settings]) => {
  let rig: Rig
  let pods: Pods
  beforeAll(async () => {
    rig = await startTestRig(settings)
    pods = createPods(rig)
    await installPostern(rig)
  })
  afterAll(async () => {
    await pods.stop()
    await rig.down()
  })

  test("agents and controllers are ready, and every node has its table", async () => {
    for (const node of rig.nodes) expect(await tablesOf(rig, node)).toContain("inet postern")
  })

  test("pods of the examples connect as they assert, once their policies are applied", async () => {
    const examples = EXAMPLES.map((name) => readExample(name, rig.nodes))
    const cases = examples.flatMap((example) => example.cases)
    expect(cases.length).toBeGreaterThan(40)
    await pods.apply(examples.flatMap((example) => example.cluster))
    const cluster = { rig, pods }
    expect(await settledCases(cluster, cases, () => "allowed")).toStrictEqual([])
    await pods.apply(examples.flatMap((example) => example.policies))
    expect(await settledCases(cluster, cases, ({ expected }) => expected)).toStrictEqual([])
    expect(await wrongCases(cluster, cases, ({ expected }) => expected)).toStrictEqual([])
  })

  test("a policy is enforced soon after kubectl apply", async () => {
    const policy = networkPolicy("soon/closed", { podSelector: { matchLabels: { app: "server" } } })
    await pods.apply([
      namespaceObject("soon"),
      serverPod("soon/server", { node: "node1" }),
      serverPod("soon/client", { node: "node2" }),
    ])
    const [address] = (await pods.status("soon/server")).addresses
    const race = { rig, pods, client: "soon/client", target: `${address}/80`, policy, rounds: 20 }
    const { denied, deniedAfterKubectl } = await measureLatency(race)
    const text = (of: readonly number[]) =>
      `p50 ${quantile(of, 0.5) | 0} ms, p99 ${quantile(of, 0.99) | 0} ms`
    console.log(
      `denied after the start of kubectl apply: ${text(denied)}; after its end: ${text(deniedAfterKubectl)}`,
    )
    // Tenths of a second, kubectl included, on a machine that has nothing else to do.
    expect(quantile(denied, 0.5)).toBeLessThan(5_000)
  })

  test("a node reaches a pod of another node, over each family, until a policy selects it", async () => {
    const { addresses } = await pods.status("soon/client")
    const isOpen = () => Promise.all(addresses.map((address) => isReached(rig, "node1", address)))
    const all = (open: boolean) => addresses.map(() => open)
    const patient = { timeout: 180_000, interval: 1_000 }
    await expect.poll(isOpen, patient).toStrictEqual(all(true))
    const policy = networkPolicy("soon/no-nodes", { podSelector: { matchLabels: { app: "client" } } })
    await pods.apply([policy])
    await expect.poll(isOpen, patient).toStrictEqual(all(false))
    await rig.kubectl(["delete", "networkpolicy", "-n", "soon", "no-nodes"])
    await expect.poll(isOpen, patient).toStrictEqual(all(true))
  })

  test("every policy has a status that says it is programmed", async () => {
    const policies = EXAMPLES.flatMap((name) => readExample(name, rig.nodes).policies)
    const wanted = policies.map(({ metadata }) => `${metadata.namespace} Programmed`).toSorted()
    const path = "jsonpath={range .items[*]}{.metadata.namespace} {.status.phase}{'\\n'}{end}"
    const phases = async () => {
      const text = await rig.kubectl(["get", "policystatuses", "-A", "-o", path])
      return text.split("\n").filter(Boolean).toSorted()
    }
    await expect.poll(phases, { timeout: 180_000, interval: 1_000 }).toStrictEqual(wanted)
  })

  test("a dry-run says what a policy would cut, in kubectl's warnings, and nothing is left behind", async () => {
    const policy = networkPolicy("soon/deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
    const dryRun = ["apply", "--dry-run=server", "-f", "-"]
    const warnings = async () => (await rig.tryKubectl(dryRun, JSON.stringify(policy))).stderr
    await expect.poll(warnings, { timeout: 180_000, interval: 1_000 }).toMatch(/Warning: .*isolated[^]*DNS/)
    const left = await rig.tryKubectl(["get", "networkpolicy", "-n", "soon", "deny-all"])
    expect(left.stderr).toContain("NotFound")
  })

  test("the explain API says why, to whoever may ask", async () => {
    const query = new URLSearchParams({ from: "soon/client", to: "soon/server", port: "80" })
    const path = `/apis/explain.postern.dev/v1alpha1/explanations?${query.toString()}`
    const answer = async () => (await rig.tryKubectl(["get", "--raw", path])).stdout
    await expect.poll(answer, { timeout: 180_000, interval: 1_000 }).toContain('"verdict":"Allow"')
    const stranger = await rig.tryKubectl(["get", "--raw", path, "--as", "somebody"])
    expect(stranger.stderr).toContain("orbidden")
  })

  test("postern observe reaches every node in seconds, with no controller there", async () => {
    const cases = EXAMPLES.flatMap((name) => readExample(name, rig.nodes).cases)
    const scale = (replicas: number) => {
      return rig.kubectl(["scale", "-n", POSTERN, CONTROLLER, `--replicas=${replicas}`])
    }
    await scale(0)
    await rig.kubectl(["wait", "-n", POSTERN, "--for=delete", "pod", "-l", CONTROLLER_PODS, "--timeout=240s"])
    const began = performance.now()
    await postern(rig, ["observe"])
    const took = performance.now() - began
    console.log(`postern observe: every node in ${took | 0} ms`)
    // Five on a machine that has nothing else to do.
    expect(took).toBeLessThan(60_000)
    expect(await wrongCases({ rig, pods }, cases, () => "allowed")).toStrictEqual([])
    await postern(rig, ["enforce", "--yes"])
    expect(await wrongCases({ rig, pods }, cases, ({ expected }) => expected)).toStrictEqual([])
    await scale(2)
    await untilRolledOut(rig)
  })

  test("uninstalled, no node has a table of Postern, and everything connects", async () => {
    await uninstallPostern(rig)
    for (const node of rig.nodes) expect(await tablesOf(rig, node)).toStrictEqual([])
    const cases = EXAMPLES.flatMap((name) => readExample(name, rig.nodes).cases)
    expect(await settledCases({ rig, pods }, cases, () => "allowed")).toStrictEqual([])
  })
})

/** Whether TCP 80 of a pod takes a connection of the node's own. */
async function isReached(rig: Rig, node: string, address: string): Promise<boolean> {
  const target = address.includes(":") ? `[${address}]:80` : `${address}:80`
  const connect = [join(rig.state.binaries, "agnhost"), "connect", "--timeout=3s", target]
  return (await tryCommand(rig.enter(node, connect))).status === 0
}
