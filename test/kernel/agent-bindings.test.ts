// A pod is judged by its own policies from the moment that its network exists: the CNI plugin's result says
// the address, and the controller has said before how the pod will be judged.

import { setTimeout } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { type Cluster, createCluster, eventually, type NodeAgent } from "./cluster.ts"
import { type CniResultFile, cniResultOf } from "./cni.ts"
import { at, deny, noPolicy, pods, policy, selects, shop, v4, v6 } from "./shop.ts"

let cluster: Cluster
let agent: NodeAgent
let result: CniResultFile
const { server, client, other } = pods

beforeAll(async () => {
  cluster = await createCluster(shop)
  agent = cluster.agent("node-a")
  result = cniResultOf(cluster, "node-a", at.server)
})
afterAll(() => cluster.close())

const bound = { ...server, addresses: [] }
const set = (value: typeof server) => ({ kind: "pod", op: "set", value }) as const

/** The kernel's elements of an address, by map. */
async function elementsOf(address: string): Promise<Readonly<Record<string, unknown>>> {
  const listing = await agent.nft.list({ kind: "table", family: "inet", name: "postern" })
  const maps = listing.flatMap((object) => ("map" in object ? [object.map] : []))
  const found = maps.flatMap(({ name, elem = [] }) =>
    elem.filter(([key]) => key === address).map(([, verdict]) => [name, verdict] as const),
  )
  return Object.fromEntries(found)
}

const isJudged = async (address: string): Promise<boolean> =>
  Object.keys(await elementsOf(address)).length === 2
const tcp = async (from: string, to: string): Promise<string> => {
  const { verdict } = await cluster.lab.probe({ from, to, protocol: "TCP", port: 80, timeoutMs: 500 })
  return verdict
}

describe("a pod that is bound to the node", () => {
  beforeEach(async () => {
    await cluster.apply(set(bound))
    result.del()
    await eventually(async () => !(await isJudged(v4(server))), "the address is judged no longer")
  })

  test("is not reachable before its network is known, and is allowed at CNI ADD without the API", async () => {
    expect(await tcp(v4(client), v4(server))).toBe("denied")
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "both maps have the address")
    await eventually(() => isJudged(v6(server)), "and its IPv6 address")
    expect(await tcp(v4(client), v4(server))).toBe("allowed")
    expect(await tcp(v4(server), v4(client))).toBe("allowed")
    expect(await tcp(v6(client), v6(server))).toBe("allowed")
  })

  test("is judged by its policies at CNI ADD", async () => {
    await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "both maps have the address")
    expect(await tcp(v4(client), v4(server))).toBe("allowed")
    expect(await tcp(v4(other), v4(server))).toBe("denied")
    await cluster.apply(noPolicy("server"))
  })

  test("tells how long its addresses have waited, whoever was first: the CNI plugin or the controller", async () => {
    const waits = () =>
      agent.events.flatMap((event) => (event.kind === "programmed" ? [event.milliseconds] : []))
    const before = waits().length
    result.add(server.uid)
    await eventually(() => waits().length === before + 2, "one for each address")
    result.del()
    await eventually(async () => !(await isJudged(v4(server))), "the address is judged no longer")
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: server.name })
    result.add(server.uid)
    await setTimeout(100)
    expect(waits().length).toBe(before + 2)
    await cluster.apply(set(bound))
    await eventually(() => waits().length === before + 4, "one for each address, again")
    expect(waits().at(-1)).toBeGreaterThan(50)
  })

  test("nothing changes in the kernel when the API has the address too", async () => {
    await cluster.apply(deny("server", "Egress"))
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "both maps have the address")
    const before = { elements: await elementsOf(v4(server)), status: agent.enforcer.status() }
    const events: string[] = []
    const monitor = agent.host.watch("nft", ["monitor", "elements"], {
      line: (line) => events.push(line),
      end: () => undefined,
    })
    // The monitor has no word for having begun: another table's element is its first line.
    await cluster.run("node/node-a", "nft 'add table ip noise; add set ip noise s { type ipv4_addr; }'")
    await eventually(async () => {
      await cluster.run(
        "node/node-a",
        "nft 'add element ip noise s { 192.0.2.1 }; delete element ip noise s { 192.0.2.1 }'",
      )
      return events.length > 0
    }, "the monitor listens")
    await cluster.apply(set(server))
    await agent.enforcer.check()
    await cluster.run("node/node-a", "nft 'add element ip noise s { 192.0.2.9 }'")
    await eventually(() => events.some((line) => line.includes("192.0.2.9")), "all events have come")
    await monitor.stop()
    await cluster.run("node/node-a", "nft delete table ip noise")
    expect(events.filter((line) => /gress[46]/.test(line))).toEqual([])
    expect(await elementsOf(v4(server))).toEqual(before.elements)
    const { generation, counters } = agent.enforcer.status()
    expect(generation).toBe(before.status.generation)
    expect(counters.repaired).toBe(before.status.counters.repaired)
    await cluster.apply(noPolicy("deny-server"))
  })

  test("CNI DEL takes the address away before the API says so", async () => {
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "both maps have the address")
    result.del()
    await eventually(async () => Object.keys(await elementsOf(v4(server))).length === 0, "no map has it")
    expect(await tcp(v4(client), v4(server))).toBe("denied")
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "it may come again")
  })

  test("CNI DEL leaves the address that the API knows", async () => {
    await cluster.apply(set(server))
    result.add(server.uid)
    result.del()
    await agent.enforcer.check()
    expect(await isJudged(v4(server))).toBe(true)
    result.add(server.uid)
  })

  test("a result without a binding changes nothing, and the binding may come later", async () => {
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "server" })
    result.add("uid-later")
    await agent.enforcer.check()
    expect(await elementsOf(v4(server))).toEqual({})
    await cluster.apply(set({ ...bound, uid: "uid-later" }))
    expect(await isJudged(v4(server))).toBe(true)
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "server" })
    await eventually(async () => !(await isJudged(v4(server))), "it goes with the binding")
    result.add(server.uid)
  })

  test("a result that is written in pieces is taken when it is whole", async () => {
    result.add(server.uid)
    await eventually(() => isJudged(v4(server)), "both maps have the address")
    expect(agent.enforcer.status().counters.repaired).toBeGreaterThanOrEqual(0)
  })
})
