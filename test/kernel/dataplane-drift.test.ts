// What others do to our tables is undone at once, counted and told. docs/data-path.md 4.2 and 2.4.

import { readdirSync, readFileSync, statSync } from "node:fs"
import { normalize } from "nftables-json/normalize"
import type { Ruleset } from "nftables-json/schema"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { withGeneration } from "../../src/agent/generation.ts"
import { type Cluster, createCluster, eventually, type NodeAgent } from "./cluster.ts"
import { deny, pods, policy, selects, shop, shopPod, v4 } from "./shop.ts"

let cluster: Cluster
let agent: NodeAgent
const { server, client, far } = pods

beforeAll(async () => {
  // A full check would find what a test has done, or be counted by one that expects none.
  cluster = await createCluster(shop, { agent: { checkEveryMs: 24 * 3_600_000 } })
  agent = cluster.agent("node-a")
  await cluster.apply(
    policy("server", {
      ...selects("server"),
      ingress: [{ from: [selects("client")], ports: [{ port: 8000, endPort: 8100 }] }],
    }),
    deny("other", "Ingress", "Egress"),
  )
})
afterAll(() => cluster.close())
afterEach(() => cluster.traffic.stopAll())

/** Both tables, without what a repair changes: handles and the generation. */
async function inKernel(): Promise<Ruleset> {
  const listings = await Promise.all(
    (["inet", "bridge"] as const).map((family) =>
      agent.nft.list({ kind: "table", family, name: "postern" }).catch(() => []),
    ),
  )
  return normalize(withGeneration(listings.flat(), { number: 1, mask: 0xff000000 }))
}

async function hashedName(kind: string, prefix: string): Promise<string> {
  const text = await cluster.run("node/node-a", `nft list ${kind}s inet`)
  return new RegExp(`${kind} (${prefix}_\\w+)`).exec(text)?.[1] ?? ""
}

const handleOf = (chain: string, text: string) =>
  `$(nft -a list chain inet postern ${chain} | sed -n 's/.*${text}.*# handle //p' | head -1)`

describe("is repaired at once", () => {
  test.for<[string, string]>([
    ["every table is flushed, as firewalld and nftables.service do", "nft flush ruleset"],
    ["the table is deleted", "nft delete table inet postern"],
    ["the table against spoofing is deleted", "nft delete table bridge postern"],
    ["the table is emptied of rules", "nft flush table inet postern"],
    ["a chain is emptied", "nft flush chain inet postern forward"],
    [
      "a rule is deleted",
      `nft delete rule inet postern forward handle ${handleOf("forward", "jump egress")}`,
    ],
    ["a foreign rule is put into our chain", "nft insert rule inet postern forward accept"],
    [
      "a rule is replaced",
      `nft replace rule inet postern forward handle ${handleOf("forward", "jump egress")} accept`,
    ],
    ["a dispatch element is deleted", "nft delete element inet postern ingress4 '{ 10.0.1.2 }'"],
    [
      "a dispatch element is changed",
      "nft 'delete element inet postern ingress4 { 10.0.1.2 }; add element inet postern ingress4 { 10.0.1.2 : goto stamp }'",
    ],
    ["an element is added", "nft add element inet postern ingress4 '{ 10.0.1.99 : goto stamp }'"],
    ["the set of interfaces is emptied", "nft flush set inet postern pod_interfaces"],
    ["the revision is changed", "nft add element inet postern revision '{ 77 }'"],
    [
      "a ruleset that was saved is restored, its revision with it",
      "(echo flush ruleset; nft list ruleset | sed 's/jump egress/accept/') | nft -f -",
    ],
    ["a chain of ours comes that we did not make", "nft add chain inet postern strange"],
    [
      "a base chain of theirs comes into our table",
      "nft 'add chain inet postern strange { type filter hook forward priority -1; policy accept; }'",
    ],
  ])("%s", async ([, command]) => {
    const wanted = await inKernel()
    const { repaired } = agent.enforcer.status().counters
    await cluster.run("node/node-a", command)
    await eventually(
      async () => agent.enforcer.status().counters.repaired > repaired,
      `repaired after: ${command}`,
    )
    await expect.poll(inKernel).toEqual(wanted)
    expect(
      await cluster.lab.probe({ from: v4(far), to: v4(server), protocol: "TCP", port: 8001 }),
    ).toMatchObject({ verdict: "denied" })
    expect(
      await cluster.lab.probe({ from: v4(client), to: v4(server), protocol: "TCP", port: 8001 }),
    ).toMatchObject({ verdict: "allowed" })
  })

  test("a member is put into a set of peers, and what came in through it is judged again", async () => {
    const name = await hashedName("set", "allow4")
    const { repaired, generations } = agent.enforcer.status().counters
    await cluster.run("node/node-a", `nft add element inet postern ${name} '{ ${v4(far)} }'`)
    await eventually(() => agent.enforcer.status().counters.repaired > repaired, "repaired")
    expect(agent.enforcer.status().counters.generations).toBeGreaterThan(generations)
    expect(await cluster.run("node/node-a", `nft list set inet postern ${name}`)).not.toContain(v4(far))
  })

  test("one change after the other, while updates go on", async () => {
    for (let i = 0; i < 10; i++) {
      await Promise.all([
        cluster.apply({ kind: "pod", op: "set", value: shopPod(`extra${i}`, "node-a", 100 + i) }),
        cluster.run(
          "node/node-a",
          i % 2 === 0 ? "nft flush ruleset" : "nft flush chain inet postern egress || true",
        ),
      ])
    }
    await eventually(
      async () => JSON.stringify(await inKernel()).includes("10.0.1.109"),
      "the last pod is there",
    )
    await agent.enforcer.check()
    expect(agent.enforcer.status()).toMatchObject({ error: undefined, isolated: [] })
    const { applied } = agent.enforcer.status().counters
    await agent.enforcer.check()
    expect(agent.enforcer.status().counters.applied).toBe(applied)
  })
})

describe("is not taken for a change of ours", () => {
  test("what happens in other tables", async () => {
    await agent.enforcer.check()
    const { checks } = agent.enforcer.status().counters
    await cluster.run("node/node-a", "nft 'add table ip noise; add set ip noise s { type ipv4_addr; }'")
    for (let i = 0; i < 20; i++)
      await cluster.run("node/node-a", `nft add element ip noise s '{ 192.0.2.${i} }'`)
    await cluster.run("node/node-a", "nft delete table ip noise")
    await eventually(() => agent.enforcer.status().isWatching, "watching")
    expect(agent.enforcer.status().counters.checks).toBe(checks)
  })

  test("what the agent does itself", async () => {
    const { repaired, checks } = agent.enforcer.status().counters
    for (let i = 0; i < 20; i++) {
      await cluster.apply({
        kind: "pod",
        op: "set",
        value: shopPod("client", "node-a", 3, { labels: { app: "client", n: String(i) } }),
      })
      await cluster.apply({ kind: "pod", op: "set", value: shopPod(`late${i}`, "node-a", 150 + i) })
    }
    expect(agent.enforcer.status().counters).toMatchObject({ repaired, checks })
  })
})

describe("when events do not come", () => {
  test("a monitor that ends is started again, and what happened meanwhile is found", async () => {
    const { monitorRestarts, repaired } = agent.enforcer.status().counters
    process.kill(listenerOf(agent), "SIGKILL")
    await cluster.run("node/node-a", "nft flush chain inet postern to_ingress")
    await eventually(() => agent.enforcer.status().counters.repaired > repaired, "repaired")
    await eventually(() => agent.enforcer.status().isWatching, "watching again")
    expect(agent.enforcer.status().counters.monitorRestarts).toBe(monitorRestarts + 1)
    expect(agent.events).toContainEqual({
      kind: "monitor-restarted",
      monitor: "nftables events",
      reason: "signal SIGKILL",
    })
  })

  test("the full check from time to time finds it", async () => {
    const other = await createCluster(
      { ...shop, nodes: shop.nodes.slice(0, 1) },
      { agent: { checkEveryMs: 500 } },
    )
    try {
      const { enforcer } = other.agent("node-a")
      const { repaired } = enforcer.status().counters
      const monitor = listenerOf(other.agent("node-a"))
      process.kill(monitor, "SIGSTOP")
      await other.run("node/node-a", "nft flush chain inet postern to_ingress")
      await eventually(() => enforcer.status().counters.repaired > repaired, "repaired")
      expect(enforcer.status().counters.monitorRestarts).toBe(0)
      process.kill(monitor, "SIGCONT")
    } finally {
      await other.close()
    }
  })
})

/** Process id of the agent's listener: a child of this process, in the node's network namespace. */
function listenerOf({ node }: NodeAgent): number {
  const namespace = statSync(`/run/netns/${node.namespace}`).ino
  const found = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isListener(pid, namespace))
  expect(found.length).toBe(1)
  return Number(found[0])
}

function isListener(pid: string, namespace: number): boolean {
  try {
    const isHere = statSync(`/proc/${pid}/ns/net`).ino === namespace
    return isHere && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("nftables-events.pl")
  } catch {
    return false
  }
}
