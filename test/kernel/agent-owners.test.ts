// An address that the CNI plugin has given to another pod is the other pod's, whatever the API says yet, and
// the connections of its last owner are gone before the new one is judged.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Pod } from "../../src/compile/snapshot.ts"
import {
  type Cluster,
  closeAgent,
  createAgent,
  createCluster,
  eventually,
  type NodeAgent,
} from "./cluster.ts"
import { type CniResultFile, cniResultOf } from "./cni.ts"
import { at, deny, noPolicy, pods, shop, v4 } from "./shop.ts"

let cluster: Cluster
let result: CniResultFile
let agents: NodeAgent[] = []
let ports = 7300
const { client, server } = pods
const heir: Pod = { ...client, name: "heir", uid: "uid-heir", labels: { app: "heir" } }

beforeAll(async () => {
  cluster = await createCluster(shop)
  result = cniResultOf(cluster, "node-a", at.client)
})
afterAll(() => cluster.close())

beforeEach(() => result.add(client.uid))
afterEach(async () => {
  await Promise.all(agents.map(closeAgent))
  agents = []
  await cluster.traffic.stopAll()
  result.add(client.uid)
  await cluster.apply(
    { kind: "pod", op: "delete", namespace: "shop", name: "heir" },
    { kind: "pod", op: "set", value: client },
  )
})

/** The kernel's verdicts for an address, egress and ingress. */
async function judged(address: string): Promise<readonly string[]> {
  const text = await cluster.run("node/node-a", "nft -j list table inet postern")
  const { nftables }: { nftables: readonly { map?: { elem?: [string, unknown][] } }[] } = JSON.parse(text)
  return nftables.flatMap(({ map }) =>
    (map?.elem ?? []).filter(([key]) => key === address).map(([, verdict]) => JSON.stringify(verdict)),
  )
}

const isDenied = async (): Promise<boolean> => (await judged(v4(client))).length === 0
const entries = async (port: number): Promise<string> =>
  await cluster.run("node/node-a", `conntrack -L -p tcp --dport ${port} 2>/dev/null`)

/** A connection from the address to the server that goes on. */
async function connection() {
  const port = ++ports
  await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} ${port}`)
  const chat = cluster.traffic.start(
    at.client,
    `chat ${v4(client)} ${port + 1000} ${v4(server)} ${port} 20 3000`,
  )
  await chat.until((line) => line === "3")
  return { port, chat }
}

describe("while the API still says that the address is the last owner's", () => {
  test("a new owner that nobody has spoken of is denied, and the last one's connections are gone", async () => {
    const { port } = await connection()
    expect(await entries(port)).toContain("ESTABLISHED")
    result.add("uid-stranger")
    await eventually(isDenied, "the address is judged no longer")
    await eventually(async () => !(await entries(port)).includes("ESTABLISHED"), "the connection is gone")
    const { enforcer } = cluster.agent("node-a")
    await enforcer.check()
    expect(await judged(v4(client))).toEqual([])
    expect(enforcer.status().counters.repaired).toBe(0)
  })

  test("a new owner that is bound to the node is judged by its own policies", async () => {
    await cluster.apply(deny("heir", "Egress"), { kind: "pod", op: "set", value: { ...heir, addresses: [] } })
    const before = await judged(v4(client))
    const { port } = await connection()
    result.add(heir.uid)
    await eventually(
      async () => (await judged(v4(client))).some((verdict) => /"out_\w+"/.test(verdict)),
      "the address is judged as its new owner's",
    )
    expect(await judged(v4(client))).not.toEqual(before)
    expect(await entries(port)).not.toContain("ESTABLISHED")
    await cluster.apply(noPolicy("deny-heir"))
  })

  test("connections of the new owner outlive the moment when the API knows it", async () => {
    await cluster.apply({ kind: "pod", op: "set", value: { ...heir, addresses: [] } })
    result.add(heir.uid)
    const { enforcer } = cluster.agent("node-a")
    await eventually(() => enforcer.status().counters.forgotten > 0, "the last owner's connections are gone")
    await eventually(async () => !(await isDenied()), "the address is the new owner's")
    const { port, chat } = await connection()
    const { forgotten } = enforcer.status().counters
    await cluster.apply(
      { kind: "pod", op: "delete", namespace: "shop", name: "client" },
      { kind: "pod", op: "set", value: heir },
    )
    const moment = performance.now()
    await eventually(
      () => chat.lines.some((line) => line.at > moment + 100),
      "the connection goes on",
      10_000,
    )
    expect(await entries(port)).toContain("ESTABLISHED")
    expect(enforcer.status().counters.forgotten).toBe(forgotten)
  })
})

describe("an agent that starts", () => {
  /** A successor of node-a's agent with its state, that hears of no controller. */
  async function successor(options: { readonly bootId?: string } = {}): Promise<NodeAgent> {
    const { node, directory, enforcer } = cluster.agent("node-a")
    await enforcer.close()
    const agent = createAgent(cluster.lab, node, { directory, ...options })
    agents.push(agent)
    await agent.enforcer.start()
    return agent
  }

  test("has the bindings that were held, and takes up what the CNI plugin did meanwhile", async () => {
    result.del()
    await cluster.apply({ kind: "pod", op: "set", value: { ...client, addresses: [] } })
    await eventually(isDenied, "the pod has no address")
    await cluster.agent("node-a").enforcer.close()
    result.add(client.uid)
    await successor()
    expect((await judged(v4(client))).length).toBe(2)
  })

  test("forgets the connections of an address that has changed its owner meanwhile", async () => {
    await successor()
    const { port } = await connection()
    await Promise.all(agents.splice(0).map(closeAgent))
    result.add("uid-stranger")
    const { enforcer } = await successor()
    expect(await entries(port)).not.toContain("ESTABLISHED")
    expect(enforcer.status().counters.forgotten).toBeGreaterThan(0)
    expect(await judged(v4(client))).toEqual([])
  })

  test("has no bindings after a reboot", async () => {
    const first = await successor()
    expect(first.enforcer.held().revision).toBeGreaterThan(0)
    await Promise.all(agents.splice(0).map(closeAgent))
    await cluster.run("node/node-a", "nft flush ruleset; conntrack -F 2>/dev/null")
    const { enforcer } = await successor({ bootId: "another" })
    expect(enforcer.held()).toMatchObject({ revision: 0, asOf: "" })
    expect(await judged(v4(client))).toEqual([])
    expect(await cluster.run("node/node-a", "nft list table inet postern")).toContain("drop_unknown")
  })
})
