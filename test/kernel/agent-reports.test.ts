// What an agent tells of its node: whose connections live, and what was denied.

import type { Ruleset } from "nftables-json/schema"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { DenyCount } from "../../src/agent/deny-counts.ts"
import { type Cluster, createCluster, type NodeAgent } from "./cluster.ts"
import { deny, noPolicy, pods, shop, v4, v6 } from "./shop.ts"

let cluster: Cluster
let agent: NodeAgent
const { server, client, other, far } = pods

beforeAll(async () => {
  cluster = await createCluster(shop)
  agent = cluster.agent("node-a")
})
afterAll(() => cluster.close())
afterEach(() => cluster.traffic.stopAll())

const tcp = async (from: string, to: string): Promise<string> =>
  (await cluster.lab.probe({ from, to, protocol: "TCP", port: 80 })).verdict
const packetsOf = (counts: readonly DenyCount[], words: string): number =>
  counts.filter(({ comment }) => comment.includes(words)).reduce((sum, { packets }) => sum + packets, 0)

test("both ends of live connections are told, the node's own addresses and loopback are not", async () => {
  await tcp(v4(far), v4(server))
  await tcp(v6(client), v6(server))
  await cluster.run("node/node-a", `ping -c 1 -W 5 ${v4(other)}; ping -c 1 -W 5 127.0.0.1`)
  const found = await agent.enforcer.connections(100)
  expect(found).toEqual(expect.arrayContaining([v4(far), v4(server), v6(client), v6(server), v4(other)]))
  expect(found).not.toContain("127.0.0.1")
  expect(found).not.toContain("10.0.1.1")
  expect(new Set(found).size).toBe(found.length)
})

test("no more are told than asked for", async () => {
  await tcp(v4(far), v4(server))
  await tcp(v4(client), v4(server))
  expect((await agent.enforcer.connections(2)).length).toBe(2)
})

test("denials are counted by chain, with the isolating policies, whatever is written anew", async () => {
  await cluster.apply(deny("server", "Ingress"))
  await tcp(v4(client), v4(server))
  const first = await agent.enforcer.denied()
  const words = "isolated by NetworkPolicy shop/deny-server"
  const counted = packetsOf(first, words)
  expect(counted).toBeGreaterThan(0)
  expect(first.map(({ chain }) => chain)).toEqual(
    expect.arrayContaining(["drop_unknown", "bridge/drop_spoofed"]),
  )
  // Another hand empties the chain, and the agent writes it again.
  const chain = first.find(({ comment }) => comment.includes(words))?.chain
  await cluster.run("node/node-a", `nft flush chain inet postern ${chain}`)
  await agent.enforcer.check()
  expect(packetsOf(await agent.enforcer.denied(), words)).toBe(counted)
  await tcp(v4(client), v4(server))
  const again = packetsOf(await agent.enforcer.denied(), words)
  expect(again).toBeGreaterThan(counted)
  // The chain goes, and comes back under its name.
  await cluster.apply(noPolicy("deny-server"))
  expect(packetsOf(await agent.enforcer.denied(), words)).toBe(again)
  await cluster.apply(deny("server", "Ingress"))
  expect(packetsOf(await agent.enforcer.denied(), words)).toBe(again)
  await tcp(v4(client), v4(server))
  expect(packetsOf(await agent.enforcer.denied(), words)).toBeGreaterThan(again)
  await cluster.apply(noPolicy("deny-server"))
})

test("counting reads no elements", async () => {
  const large: Ruleset = [
    ...cluster.render("node-a"),
    {
      set: {
        family: "inet",
        table: "postern",
        name: "allow4_aaaaaaaaaaaaaaaaaaaaaaaa",
        type: "ipv4_addr",
        elem: ["172.16.99.99"],
      },
    },
  ]
  await agent.enforcer.replace({ ...cluster.whole("node-a"), revision: ++agent.revision, ruleset: large })
  const listed = await agent.host.run("nft", ["-t", "-j", "list", "table", "inet", "postern"])
  expect(listed.stdout).toContain("allow4_aaaaaaaaaaaaaaaaaaaaaaaa")
  expect(listed.stdout).not.toContain("172.16.99.99")
})

test("what is held is known by its digest, and a new number alone changes nothing in the kernel", async () => {
  const { enforcer } = agent
  await enforcer.replace({ ...cluster.whole("node-a"), revision: ++agent.revision, asOf: "yesterday" })
  const before = enforcer.held()
  expect(before).toMatchObject({ revision: agent.revision, asOf: "yesterday" })
  const { generation } = enforcer.status()
  agent.revision += 7
  await enforcer.unchanged({ revision: agent.revision, asOf: "today" })
  expect(enforcer.held()).toEqual({ revision: agent.revision, digest: before.digest, asOf: "today" })
  expect(enforcer.status()).toMatchObject({ revision: agent.revision, generation })
  await cluster.apply(deny("server", "Ingress"))
  expect(enforcer.held().digest).not.toBe(before.digest)
  expect(enforcer.status().revision).toBe(agent.revision)
  await cluster.apply(noPolicy("deny-server"))
  expect(enforcer.held().digest).toBe(before.digest)
})
