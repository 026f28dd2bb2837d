// A miss is never an accept, and there is none while rules change under traffic. docs/data-path.md 1.2 and 2.1.

import { diff } from "nftables-json/diff"
import type { Ruleset, Statement } from "nftables-json/schema"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { withGeneration } from "../../src/agent/generation.ts"
import { createKernelTables } from "../../src/agent/kernel-tables.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { type Cluster, createCluster } from "./cluster.ts"
import { at, deny, noPolicy, pods, policy, selects, shop, shopPod, v4, v6 } from "./shop.ts"
import { received } from "./traffic.ts"

let cluster: Cluster
const { server, client, far } = pods

beforeAll(async () => {
  cluster = await createCluster(shop)
})
afterAll(() => cluster.close())
afterEach(() => cluster.traffic.stopAll())

const ingress = (...rules: readonly unknown[]) => policy("server", { ...selects("server"), ingress: rules })
const block = (cidr: string, ...except: readonly string[]) => ({ ipBlock: { cidr, except } })
const udp = (port: number, endPort: number) => ({ protocol: "UDP", port, endPort })

// Both states let every packet of the flood through.
const replacements: readonly [string, readonly Change[], readonly Change[]][] = [
  [
    "a port map and the classes it leads to",
    [ingress({ ports: [udp(5000, 5100)] })],
    [ingress({ ports: [udp(4999, 5101)] })],
  ],
  [
    "port maps of two runs of peers",
    [ingress({ from: [selects("client")], ports: [udp(5000, 5100)] })],
    [ingress({ from: [selects("client")], ports: [udp(5000, 5050)] }, { ports: [udp(5040, 5100)] })],
  ],
  [
    "an interval set of address blocks",
    [ingress({ from: [block("10.0.0.0/8", "10.9.0.0/16")] })],
    [ingress({ from: [block("10.0.0.0/8", "10.8.0.0/16", "10.7.1.0/24")] })],
  ],
  [
    "the set of peers",
    [ingress({ from: [selects("client")] })],
    [ingress({ from: [selects("client"), selects("other")] })],
  ],
  ["the class of an address by none", [ingress({ from: [selects("client")] })], [noPolicy("server")]],
]

/** Longer than any machine needs; it is ended before. */
const FLOOD_S = 170

/** For three seconds, and on a machine that does other things, too, until it was done twenty times. */
async function replacedOften(replace: (i: number) => Promise<void>): Promise<void> {
  const end = performance.now() + 3_000
  for (let i = 0; i < 20 || performance.now() < end; i++) await replace(i)
}

describe("under flood no packet that old and new rules accept is dropped while replacing", () => {
  let bare: Cluster
  beforeAll(async () => {
    bare = await createCluster(shop, { enforce: false })
  })
  afterAll(() => bare.close())
  afterEach(() => bare.traffic.stopAll())

  test.for(replacements)("%s", async ([, one, two]) => {
    const { nft } = bare.agent("node-a")
    const tables = createKernelTables(nft)
    const rulesets = await rulesetsOf(bare, one, two)
    await tables.apply(diff((await tables.read()).ruleset, rulesets[1] ?? []), 1)
    await count(bare)
    await bare.traffic.ready(at.server, `sink ${v4(server)} 5040`)
    const flood = bare.traffic.start(at.client, `flood ${v4(client)} ${v4(server)} 5040 ${FLOOD_S}`)
    await replacedOften(async (i) => {
      await tables.apply(diff((await tables.read()).ruleset, rulesets[i % 2] ?? []), 1)
    })
    await flood.stop()
    const { before, behind } = await counted(bare)
    expect(before - behind).toBe(0)
    expect(behind).toBeGreaterThan(5_000)
    await bare.apply(noPolicy("server"))
  })
})

describe("a miss is never an accept", () => {
  const probe = async (from: string, to: string): Promise<string> =>
    (await cluster.lab.probe({ from, to, protocol: "TCP", port: 5050 })).verdict

  test("not one packet reaches a pod that denies all, while its classes are replaced under flood", async () => {
    await cluster.apply(deny("server", "Ingress"))
    const sink = await cluster.traffic.ready(at.server, `sink ${v4(server)} 5051`)
    const flood = cluster.traffic.start(at.client, `flood ${v4(client)} ${v4(server)} 5051 ${FLOOD_S}`)
    await replacedOften(async (i) => {
      // Another policy in turn isolates the pod, so that its class, deny chain and dispatch element change.
      const isolates = policy("also", { ...selects("server"), policyTypes: ["Ingress"] })
      await cluster.apply(i % 2 === 0 ? isolates : noPolicy("also"))
    })
    await flood.stop()
    const denied = await cluster.agent("node-a").enforcer.denied()
    expect(denied.reduce((sum, { packets }) => sum + packets, 0)).toBeGreaterThan(5_000)
    expect(received(sink).numbers).toEqual([])
    expect(sink.lines.length).toBe(1)
    await cluster.apply(noPolicy("deny-server"), noPolicy("also"))
  })

  test("a local address that the program does not know is refused, both ways", async () => {
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "client" })
    expect(
      await Promise.all([
        probe(v4(client), v4(server)),
        probe(v4(far), v4(client)),
        probe(v6(client), v6(far)),
      ]),
    ).toEqual(["denied", "denied", "denied"])
    await cluster.apply({ kind: "pod", op: "set", value: client })
    expect(await probe(v4(client), v4(server))).toBe("allowed")
  })

  test("a pod outside its node's ranges is known by its interface", async () => {
    const stray = shopPod("stray", "node-b", 9, { addresses: ["198.51.100.9"] })
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "farther" })
    await cluster.run(at.farther, "ip addr add 198.51.100.9/32 dev eth0")
    const veth = (await cluster.run("node/node-b", `ip -j route get ${v4(pods.farther)}`)).replace(
      /.*"dev":"([^"]+)".*/s,
      "$1",
    )
    await cluster.run("node/node-b", `ip route add 198.51.100.9 dev ${veth}`)
    await cluster.run("node/node-a", "ip route add 198.51.100.9 via 192.168.0.2 dev eth0 onlink")
    await cluster.traffic.ready(at.server, `echo udp ${v4(server)} 5052`)
    const denied = cluster.traffic.start(at.farther, `stream 198.51.100.9 5053 ${v4(server)} 5052 20 10`)
    await denied.ended
    expect(received(denied).numbers).toEqual([])
    await cluster.apply({ kind: "pod", op: "set", value: stray })
    const allowed = cluster.traffic.start(at.farther, `stream 198.51.100.9 5053 ${v4(server)} 5052 20 10000`)
    await allowed.until((line) => Number.parseInt(line, 10) > 5)
    await cluster.apply(
      { kind: "pod", op: "delete", namespace: "shop", name: "stray" },
      { kind: "pod", op: "set", value: pods.farther },
    )
  })

  test("only connections with a local pod as an end are stamped", async () => {
    await cluster.lab.probe({ from: "192.168.0.1", to: "203.0.113.10", protocol: "TCP", port: 5054 })
    await cluster.lab.probe({ from: v4(client), to: "203.0.113.10", protocol: "TCP", port: 5055 })
    const entries = await cluster.run("node/node-a", "conntrack -L -p tcp 2>/dev/null")
    const markOf = (port: number): string | undefined =>
      entries
        .split("\n")
        .find((line) => line.includes(`dport=${port} `))
        ?.replace(/.*mark=(\d+).*/, "$1")
    expect(markOf(5054)).toBe("0")
    expect(Number(markOf(5055))).toBeGreaterThan(0)
  })
})

test("an unknown pod that the setting lets through has an explicit element, until the program knows it", async () => {
  const open = await createCluster(shop, { agent: { unknownPods: "allow" } })
  try {
    const egress = async (): Promise<string> => open.run("node/node-a", "nft list map inet postern egress4")
    const probe = () => open.lab.probe({ from: v4(client), to: v4(server), protocol: "TCP", port: 5060 })
    await open.apply(deny("client", "Egress"))
    expect(await probe()).toMatchObject({ verdict: "denied" })
    await open.apply({ kind: "pod", op: "delete", namespace: "shop", name: "client" })
    expect(await egress()).toContain("10.0.1.3 : return")
    expect(await probe()).toMatchObject({ verdict: "allowed" })
    await open.apply({ kind: "pod", op: "set", value: client })
    expect(await egress()).toContain("10.0.1.3 : goto out_")
    expect(await probe()).toMatchObject({ verdict: "denied" })
  } finally {
    await open.close()
  }
})

/** What node-a should have after each of the changes. */
async function rulesetsOf(
  cluster: Cluster,
  ...states: readonly (readonly Change[])[]
): Promise<readonly Ruleset[]> {
  const rulesets: Ruleset[] = []
  for (const state of states) {
    await cluster.apply(...state)
    const filled = cluster
      .render("node-a")
      .map((object) =>
        "set" in object && object.set.name === "pod_interfaces"
          ? { set: { ...object.set, elem: ["cni0"] } }
          : object,
      )
    rulesets.push(withGeneration(filled, { number: 1, mask: 0xff000000 }))
  }
  return rulesets
}

/** Counts the flood's packets in front of our chains and behind them. */
async function count(cluster: Cluster): Promise<void> {
  const chain = (name: string, priority: number) =>
    `add chain inet count ${name} { type filter hook forward priority ${priority}; };` +
    `add rule inet count ${name} udp dport 5040 counter;`
  await cluster.run(
    "node/node-a",
    `nft 'add table inet count; delete table inet count; add table inet count; ${chain("before", -10)} ${chain("behind", 10)}'`,
  )
}

async function counted(cluster: Cluster): Promise<{ readonly before: number; readonly behind: number }> {
  const ruleset = await cluster.agent("node-a").nft.list({ kind: "table", family: "inet", name: "count" })
  const of = (chain: string): number =>
    ruleset.reduce((sum, object) => {
      const statements = "rule" in object && object.rule.chain === chain ? object.rule.expr : []
      return statements.reduce((sum, statement) => sum + packetsIn(statement), sum)
    }, 0)
  return { before: of("before"), behind: of("behind") }
}

function packetsIn(statement: Statement): number {
  const counter = "counter" in statement ? statement.counter : null
  return typeof counter === "object" ? (counter?.packets ?? 0) : 0
}
