// Pods, nodes and namespaces that come, go and come again: none is judged as what was there before, and none before
// its policy is known.

import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { Pod, PolicyObject } from "../../src/compile/snapshot.ts"
import { selects, nodes as shopNodes, pods as shopPods, v4 } from "../kernel/shop.ts"
import { received } from "../kernel/traffic.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"
import {
  createNamespace,
  createNode,
  createPod,
  deleteNamespace,
  deleteNode,
  deletePod,
  deletePolicy,
  setPolicy,
  tellAddresses,
  tellStatus,
} from "./api-objects.ts"
import { kernelLines, untilConverged } from "./convergence.ts"
import { createLabCluster, type LabCluster } from "./lab-cluster.ts"
import { startProber } from "./lab-flows.ts"
import { eventually } from "./status-stage.ts"

const { server, client, other, far, farther } = shopPods
const guest = pod("guest", { namespace: "again", node: "node-b", addresses: ["10.0.2.9", "fd01:2::9"] })
const late = pod("late", { node: "node-c", addresses: ["10.0.3.2", "fd01:3::2"] })
const nodeC = node("node-c", {
  addresses: ["192.168.0.3", "fd00::3"],
  podCIDRs: ["10.0.3.0/24", "fd01:3::/64"],
})

let cluster: LabCluster
const policies: PolicyObject[] = []

beforeAll(async () => {
  const all = snapshot({
    namespaces: { shop: {}, again: { team: "a" } },
    nodes: [...shopNodes, nodeC],
    pods: [server, client, other, far, farther, guest, late],
  })
  cluster = await createLabCluster(all, { later: ["node-c"], waiting: [late] })
})

afterAll(() => cluster?.close())

afterEach(async () => {
  for (const policy of policies.splice(0)) await deletePolicy(cluster.client, policy)
  await untilConverged(cluster)
})

async function enforce(name: string, spec: unknown): Promise<PolicyObject> {
  const policy = networkPolicy(name, spec)
  policies.push(policy)
  await setPolicy(cluster.client, policy)
  await untilConverged(cluster)
  return policy
}

async function verdict(from: Pod, to: Pod): Promise<string> {
  const request = { from: v4(from), to: v4(to), protocol: "TCP", port: 80, timeoutMs: 500 } as const
  return (await cluster.lab.probe(request)).verdict
}

async function until(wanted: "allowed" | "denied", from: Pod, to: Pod): Promise<void> {
  const what = `${from.name} to ${to.name} should be ${wanted}`
  await eventually(
    () => verdict(from, to),
    (found) => found === wanted,
    what,
  )
}

const allowTo = (name: string, ...from: readonly unknown[]) => ({ ...selects(name), ingress: [{ from }] })

test.for<[string, Pod]>([
  ["bridged", other],
  ["routed", farther],
])(
  "a %s pod works from CNI ADD on, and as its policy says, before the API has its address",
  async ([, starting], { expect }) => {
    await cluster.end(starting)
    await enforce("starting", allowTo(starting.name, selects("client")))
    const targets = [`${v4(starting)}/80`]
    const stranger = startProber(cluster.lab, `shop/${far.name}`, {
      protocol: "tcp",
      everyMs: 20,
      timeoutMs: 400,
      targets,
    })
    try {
      const { uid } = (await createPod(cluster.client, starting)).metadata
      cluster.cni(starting).add(uid)
      await until("allowed", client, starting)
      // Where no policy selects: the way out.
      await until("allowed", starting, client)
      const path = `/api/v1/namespaces/shop/pods/${starting.name}`
      const { status } = await cluster.client.get<{ readonly status: { readonly podIP?: string } }>(path)
      expect(status.podIP).toBe(undefined)
      const before = await kernelLines(cluster, starting.node)
      await tellAddresses(cluster.client, starting)
      await untilConverged(cluster)
      expect([...before.symmetricDifference(await kernelLines(cluster, starting.node))]).toStrictEqual([])
      await stranger.until(() => stranger.lines.length > 20, 30_000)
      expect(stranger.lines.filter(({ text }) => !text.startsWith("shut"))).toStrictEqual([])
    } finally {
      await stranger.stop()
    }
  },
)

test("a pod with the address of another one inherits neither policies nor connections", async () => {
  // Its connections may be made anew, and must not go on.
  await enforce("server", allowTo("server", selects("other"), selects("heir")))
  await enforce("client", allowTo("client", selects("other")))
  await enforce("other", { ...selects("other"), policyTypes: ["Ingress"] })
  expect([await verdict(client, other), await verdict(other, client)]).toStrictEqual(["denied", "allowed"])
  const echo = await cluster.traffic.ready("shop/server", `echo tcp ${v4(server)} 7`)
  const chat = cluster.traffic.start("shop/other", `chat ${v4(other)} 0 ${v4(server)} 7 20 100000`)
  await chat.until((line) => line === "5", 30_000)
  await cluster.end(other)
  const heir = { ...other, name: "heir", labels: { app: "heir" } }
  const { uid } = (await createPod(cluster.client, heir)).metadata
  cluster.cni(other).add(uid)
  await tellAddresses(cluster.client, heir)
  await until("allowed", client, heir)
  await until("denied", heir, client)
  await untilConverged(cluster)
  expect(await verdict(heir, server)).toBe("allowed")
  const said = received(chat).numbers.length
  await sleep(1_500)
  expect(received(chat).numbers.length).toBe(said)
  await Promise.all([chat.stop(), echo.stop()])
  cluster.cni(other).del()
  await deletePod(cluster.client, heir)
  await cluster.run(other)
  await until("allowed", other, server)
})

test("a namespace, its policy and its pod leave nothing to those of the same names", async () => {
  const teamA = { namespaceSelector: { matchLabels: { team: "a" } } }
  await enforce("server", allowTo("server", teamA))
  const deny = networkPolicy("deny", { podSelector: {}, policyTypes: ["Ingress"] }, "again")
  await setPolicy(cluster.client, deny)
  await untilConverged(cluster)
  expect([await verdict(guest, server), await verdict(far, guest)]).toStrictEqual(["allowed", "denied"])
  await deletePolicy(cluster.client, deny)
  await cluster.end(guest)
  await deleteNamespace(cluster.client, "again")
  await createNamespace(cluster.client, { name: "again", labels: {} })
  await cluster.run(guest)
  await until("allowed", far, guest)
  await until("denied", guest, server)
})

test("the address of a pod that has finished is nobody's", async () => {
  await enforce("server", allowTo("server", selects("other")))
  expect(await verdict(other, server)).toBe("allowed")
  cluster.cni(other).del()
  await tellStatus(cluster.client, other, { phase: "Succeeded" })
  await until("denied", other, server)
  await deletePod(cluster.client, other)
  await cluster.run(other)
  await until("allowed", other, server)
})

test("a node that is added enforces, and one that is removed is forgotten", async () => {
  await enforce("server", allowTo("server", selects("late")))
  await enforce("late", { ...selects("late"), policyTypes: ["Ingress"] })
  const three = ["node-a", "node-b", "node-c"]
  for (const _ of ["first", "again"]) {
    await createNode(cluster.client, nodeC)
    await cluster.run(late)
    await cluster.startAgent("node-c")
    await until("allowed", late, server)
    await until("denied", client, late)
    await untilConverged(cluster, three)
    await cluster.agent("node-c").end("SIGTERM")
    await cluster.end(late)
    await deleteNode(cluster.client, "node-c")
    await until("denied", late, server)
    await untilConverged(cluster)
    // Its agent is gone, its rules are not: nobody has said that the node may be open.
    expect(await verdict(client, late)).toBe("denied")
  }
})

test("an agent of another protocol is told so, and enforcement goes on", async () => {
  await enforce("server", allowTo("server", selects("client")))
  const before = await cluster.agent("node-a").status()
  for (const protocol of [0, 2]) {
    const answer = await cluster.askController("node-a", { protocol })
    expect(answer).toMatchObject({ status: 426, text: expect.stringContaining(`${protocol}`) })
    expect(JSON.parse(answer.text)).toMatchObject({ code: expect.stringMatching(/^PNP\d{4}$/) })
  }
  const after = await cluster.agent("node-a").status()
  expect([after.replica, after.streamError]).toStrictEqual([before.replica, ""])
  expect([await verdict(client, server), await verdict(other, server)]).toStrictEqual(["allowed", "denied"])
})
