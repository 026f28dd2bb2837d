// Observe mode by hand: on this node nothing is dropped, without any controller, and everything is counted as before.

import { normalize } from "nftables-json/normalize"
import type { Ruleset } from "nftables-json/schema"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { generationIn, withGeneration } from "../../src/agent/generation.ts"
import {
  type Cluster,
  closeAgent,
  createAgent,
  createCluster,
  eventually,
  type NodeAgent,
} from "./cluster.ts"
import { at, deny, noPolicy, pods, shop, v4, v6 } from "./shop.ts"
import { laterLines } from "./traffic.ts"

let cluster: Cluster
let agent: NodeAgent
const { server, client, other } = pods
const MASK = 0xff000000

beforeAll(async () => {
  cluster = await createCluster(shop)
  agent = cluster.agent("node-a")
})
afterAll(() => cluster.close())

beforeEach(() => cluster.apply(deny("server", "Ingress", "Egress")))
afterEach(async () => {
  await cluster.traffic.stopAll()
  await agent.enforcer.observe(false)
})

const tables = async (): Promise<Ruleset> => {
  const listings = await Promise.all(
    (["inet", "bridge"] as const).map((family) => agent.nft.list({ kind: "table", family, name: "postern" })),
  )
  return listings.flat()
}
const inForce = async () => {
  const ruleset = await tables()
  const generation = generationIn(ruleset, MASK)
  return { generation, rules: normalize(withGeneration(ruleset, { number: 1, mask: MASK })) }
}
const tcp = async (from: string, to: string): Promise<string> =>
  (await cluster.lab.probe({ from, to, protocol: "TCP", port: 80 })).verdict
const deniedPackets = async (): Promise<number> =>
  (await agent.enforcer.denied()).reduce((sum, { packets }) => sum + packets, 0)

describe("while it is on", () => {
  test("what was denied passes, in both families and both directions, and is counted as denied", async () => {
    expect(await tcp(v4(client), v4(server))).toBe("denied")
    const before = await deniedPackets()
    expect(before).toBeGreaterThan(0)
    await agent.enforcer.observe(true)
    expect(agent.enforcer.status().observing).toBe(true)
    expect(await tcp(v4(client), v4(server))).toBe("allowed")
    expect(await tcp(v6(client), v6(server))).toBe("allowed")
    expect(await tcp(v4(server), v4(client))).toBe("allowed")
    expect(await deniedPackets()).toBeGreaterThan(before)
  })

  test("no rule of our tables drops, the bridge's neither", async () => {
    expect(JSON.stringify(await tables())).toContain('"drop"')
    expect(JSON.stringify(await tables())).toContain('"denied"')
    await agent.enforcer.observe(true)
    expect(JSON.stringify(await tables())).not.toContain('"drop"')
    expect(JSON.stringify(await tables())).not.toContain('"denied"')
    expect((await tables()).some((object) => "table" in object && object.table.family === "bridge")).toBe(
      true,
    )
  })

  test("a pod that the program does not know is let through", async () => {
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "other" })
    expect(await tcp(v4(client), v4(other))).toBe("denied")
    await agent.enforcer.observe(true)
    expect(await tcp(v4(client), v4(other))).toBe("allowed")
    await cluster.apply({ kind: "pod", op: "set", value: other })
  })

  test("rules that come are transformed too, by updates and as a whole, and nothing is repaired", async () => {
    await agent.enforcer.observe(true)
    const { repaired } = agent.enforcer.status().counters
    await cluster.apply(deny("other", "Ingress"))
    expect(await tcp(v4(client), v4(other))).toBe("allowed")
    await agent.enforcer.replace({ revision: ++agent.revision, ...cluster.whole("node-a") })
    expect(await tcp(v4(client), v4(other))).toBe("allowed")
    await agent.enforcer.check()
    expect(JSON.stringify(await tables())).not.toContain('"drop"')
    expect(agent.enforcer.status().counters.repaired).toBe(repaired)
    await cluster.apply(noPolicy("deny-other"))
  })

  test("entries of UDP flows that would be denied are not deleted", async () => {
    await agent.enforcer.observe(true)
    await cluster.traffic.ready(at.server, `echo udp ${v4(server)} 7400`)
    const flow = cluster.traffic.start(at.client, `stream ${v4(client)} 7401 ${v4(server)} 7400 20 3000`)
    await flow.until((line) => line.startsWith("5"))
    const entry = await cluster.run("node/node-a", "conntrack -L -p udp --dport 7400 -o id 2>/dev/null")
    const id = /id=(\d+)/.exec(entry)?.[1] ?? "none"
    // As a flow that was denied before has it.
    await cluster.run("node/node-a", `conntrack -U -f ipv4 -p udp --dport 7400 -m ${MASK}/${MASK} 2>&1`)
    // A new generation makes the agent look for entries that are marked as denied.
    await cluster.apply(deny("other", "Ingress"), noPolicy("deny-other"), deny("other", "Egress"))
    // They are looked for 1 s after it for the last time.
    await flow.until((line) => Number.parseInt(line, 10) > 120)
    await flow.stop()
    const later = await cluster.run("node/node-a", "conntrack -L -p udp --dport 7400 -o id 2>/dev/null")
    expect(later).toContain(`id=${id}`)
    await cluster.apply(noPolicy("deny-other"))
  })
})

test("turned off, the rules are what they were, and connections are judged once more", async () => {
  const before = await inForce()
  await agent.enforcer.observe(true)
  await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7402`)
  const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7403 ${v4(server)} 7402 20 3000`)
  await chat.until((line) => line === "3")
  await agent.enforcer.observe(false)
  const after = await inForce()
  expect(after.rules).toEqual(before.rules)
  expect(after.generation).not.toBe(before.generation)
  expect(agent.enforcer.status()).toMatchObject({ observing: false, error: undefined })
  await eventually(async () => (await deniedPackets()) > 0, "its packets are denied")
  expect(await laterLines(chat)).toEqual([])
})

test("a switch touches the rules that drop, however many elements there are", async () => {
  const members = Array.from(
    { length: 20_000 },
    (_, i) => `172.${16 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
  )
  const large = cluster.render("node-a").map((object) => object)
  large.push({
    set: {
      family: "inet",
      table: "postern",
      name: "allow4_aaaaaaaaaaaaaaaaaaaaaaaa",
      type: "ipv4_addr",
      elem: members,
    },
  })
  await agent.enforcer.replace({ ...cluster.whole("node-a"), revision: ++agent.revision, ruleset: large })
  agent.events.length = 0
  await agent.enforcer.observe(true)
  const applied = agent.events.filter((event) => event.kind === "applied")
  expect(applied).toMatchObject([{ reason: "observe" }])
  expect(applied.every((event) => event.commands < 100)).toBe(true)
  expect(JSON.stringify(await tables())).not.toContain('"drop"')
})

test("it outlives the agent, and holds before a controller is heard", async () => {
  await agent.enforcer.observe(true)
  await agent.enforcer.close()
  await cluster.run("node/node-a", "nft flush ruleset")
  const successor = createAgent(cluster.lab, agent.node, { directory: agent.directory })
  try {
    await successor.enforcer.start()
    expect(successor.enforcer.status().observing).toBe(true)
    expect(await tcp(v4(client), v4(server))).toBe("allowed")
    await successor.enforcer.observe(false)
    expect(await tcp(v4(client), v4(server))).toBe("denied")
  } finally {
    await closeAgent(successor)
  }
  const third = createAgent(cluster.lab, agent.node, { directory: agent.directory })
  await third.enforcer.start()
  expect(third.enforcer.status().observing).toBe(false)
  await closeAgent(third)
})
