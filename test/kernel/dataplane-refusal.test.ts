// What the kernel refuses, how updates reach it, and how much at once. docs/data-path.md 2.3 to 2.6.

import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInteractive } from "nftables-json/interactive"
import { normalize } from "nftables-json/normalize"
import type { Rule, Ruleset } from "nftables-json/schema"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { createEnforcer } from "../../src/agent/enforcer.ts"
import { withGeneration } from "../../src/agent/generation.ts"
import { createHost } from "../../src/agent/host.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { type Cluster, createCluster, eventually, type NodeAgent } from "./cluster.ts"
import { deny, noPolicy, pods, policy, selects, shop, shopPod, v4 } from "./shop.ts"

let cluster: Cluster
let agent: NodeAgent
const { server, client, other, far } = pods
const toServer = policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] })

beforeAll(async () => {
  cluster = await createCluster(shop)
  agent = cluster.agent("node-a")
  await cluster.apply(toServer)
})
afterAll(() => cluster.close())

const verdict = async (from: string, to: string): Promise<string> =>
  (await cluster.lab.probe({ from, to, protocol: "TCP", port: 9100 })).verdict
const listed = async (): Promise<Ruleset> =>
  normalize(
    withGeneration(await agent.nft.list({ kind: "table", family: "inet", name: "postern" }), {
      number: 1,
      mask: 0xff000000,
    }),
  )

function isInClass(rule: Rule): boolean {
  return rule.chain.startsWith("in_")
}

/** The node's ruleset with one more statement in front of the server's class. */
function withFirst(statement: Rule["expr"][number]): Ruleset {
  let done = false
  return cluster.render("node-a").map((object) => {
    if (done || !("rule" in object) || !isInClass(object.rule)) return object
    done = true
    return { rule: { ...object.rule, expr: [statement, ...object.rule.expr] } }
  })
}

describe("a refusal", () => {
  test.for<[string, Rule["expr"][number]]>([
    ["that nft makes", { match: { op: "==", left: { meta: { key: "no such key" } }, right: 1 } }],
    [
      "for a set that is not there",
      { match: { op: "==", left: { payload: { protocol: "ip", field: "saddr" } }, right: "@nowhere" } },
    ],
    ["that only the kernel makes", { jump: { target: "prerouting" } }],
  ])(
    "%s takes out one class: its pods fail closed, the rest goes on, the status names it",
    async ([, statement]) => {
      const update = deny("other", "Ingress")
      await cluster.apply(update)
      agent.revision++
      await agent.enforcer.replace({ revision: agent.revision, ruleset: withFirst(statement) })
      const { isolated, failedClosed, revision } = agent.enforcer.status()
      expect(revision).toBe(agent.revision)
      expect(isolated).toEqual([
        expect.objectContaining({ object: expect.stringMatching(/^inet postern in_[a-z2-7]{24}$/) }),
      ])
      expect(failedClosed).toEqual(expect.arrayContaining([v4(server)]))
      expect(await verdict(v4(client), v4(server))).toBe("denied")
      expect(await verdict(v4(server), v4(client))).toBe("allowed")
      expect(await verdict(v4(far), v4(client))).toBe("allowed")
      expect(await verdict(v4(client), v4(other))).toBe("denied")
      // A ruleset without the fault ends it.
      agent.revision++
      await agent.enforcer.replace({ revision: agent.revision, ruleset: cluster.render("node-a") })
      expect(agent.enforcer.status()).toMatchObject({ isolated: [], failedClosed: [], error: undefined })
      expect(await verdict(v4(client), v4(server))).toBe("allowed")
      await cluster.apply(noPolicy("deny-other"))
    },
  )

  test("of the frame leaves the old rules in force, and is told", async () => {
    const before = await listed()
    const broken = cluster
      .render("node-a")
      .map((object) =>
        "rule" in object && object.rule.chain === "forward"
          ? { rule: { ...object.rule, expr: [{ jump: { target: "nowhere" } }] } }
          : object,
      )
    await expect(agent.enforcer.replace({ revision: agent.revision + 1, ruleset: broken })).rejects.toThrow(
      "nft: ",
    )
    expect(await listed()).toEqual(before)
    expect(agent.enforcer.status()).toMatchObject({
      revision: agent.revision,
      wanted: agent.revision + 1,
      error: expect.stringContaining("nft: "),
    })
    expect(await verdict(v4(far), v4(server))).toBe("denied")
    agent.revision += 2
    await agent.enforcer.replace({ revision: agent.revision, ruleset: cluster.render("node-a") })
    expect(agent.enforcer.status()).toMatchObject({ revision: agent.revision, error: undefined })
  })

  test("because somebody else was faster is no fault of a policy: read again, computed again", async () => {
    const { refused } = agent.enforcer.status().counters
    const leaves: Change = {
      kind: "pod",
      op: "set",
      value: { ...client, labels: { app: "client", other: "label" } },
    }
    const name = /set (allow4_\w+)/.exec(await cluster.run("node/node-a", "nft list sets inet"))?.[1] ?? ""
    // In one breath: the member goes by a foreign hand, and the update that deletes it finds nothing.
    await cluster.run("node/node-a", `nft delete element inet postern ${name} '{ ${v4(client)} }'`)
    await cluster.apply({ ...leaves, value: { ...client, labels: { app: "else" } } })
    expect(agent.enforcer.status()).toMatchObject({
      isolated: [],
      error: undefined,
      revision: agent.revision,
    })
    expect(agent.enforcer.status().counters.refused).toBeGreaterThanOrEqual(refused)
    expect(await verdict(v4(client), v4(server))).toBe("denied")
    await cluster.apply({ kind: "pod", op: "set", value: client })
    expect(await verdict(v4(client), v4(server))).toBe("allowed")
  })

  test("an update that does not follow what is held is refused, and a whole ruleset mends it", async () => {
    const update = {
      from: 999,
      revision: 1000,
      plan: { add: [], flip: [], remove: [] },
      forget: [],
      narrows: false,
    }
    await expect(agent.enforcer.update(update)).rejects.toThrow(
      expect.objectContaining({ code: "out-of-step" }),
    )
    await cluster.apply(deny("other", "Egress"), noPolicy("deny-other"))
    expect(agent.enforcer.status()).toMatchObject({ revision: agent.revision })
  })
})

describe("updates", () => {
  const applied = (): readonly number[] =>
    agent.events.flatMap((event) => (event.kind === "applied" ? [event.commands] : []))

  test("a new pod and a change of labels reach the kernel as a few elements", async () => {
    agent.events.length = 0
    await cluster.apply({ kind: "pod", op: "set", value: shopPod("small", "node-a", 50) })
    await cluster.apply({ kind: "pod", op: "set", value: { ...pods.far, labels: { app: "client" } } })
    await cluster.apply({ kind: "pod", op: "set", value: pods.far })
    expect(Math.max(...applied().slice(0, 2))).toBeLessThanOrEqual(4)
    expect(applied().length).toBe(3)
    await cluster.apply({ kind: "pod", op: "delete", namespace: "shop", name: "small" })
  })

  test("that wait are applied together", async () => {
    agent.events.length = 0
    const { repaired } = agent.enforcer.status().counters
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        cluster.apply({ kind: "pod", op: "set", value: shopPod(`many${i}`, "node-a", 100 + i) }),
      ),
    )
    expect(applied().length).toBeLessThan(20)
    expect(await cluster.run("node/node-a", "nft list map inet postern egress4")).toContain("10.0.1.199")
    await cluster.apply(
      ...Array.from(
        { length: 100 },
        (_, i): Change => ({ kind: "pod", op: "delete", namespace: "shop", name: `many${i}` }),
      ),
    )
    await agent.enforcer.check()
    expect(agent.enforcer.status().counters.repaired).toBe(repaired)
  })
})

test("30,000 members load in an unprivileged user namespace, where one transaction holds some 12,000", {
  timeout: 300_000,
}, async () => {
  const holder = spawn("unshare", [
    "--user",
    "--map-root-user",
    "--net",
    "--",
    "sh",
    "-c",
    "ip link set lo up; echo ready; exec cat",
  ])
  await once(holder.stdout, "data")
  const prefix = ["nsenter", "-t", String(holder.pid), "-U", "--preserve-credentials", "-n", "--"]
  const directory = mkdtempSync(join(tmpdir(), "postern-members-"))
  const nft = createInteractive({ command: [...prefix, "nft"] })
  const enforcer = createEnforcer({ nft, host: createHost({ prefix }), directory })
  try {
    const members = Array.from(
      { length: 30_000 },
      (_, i) => `10.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
    )
    const ruleset = (of: readonly string[]): Ruleset =>
      cluster
        .render("node-a")
        .map((object) =>
          "set" in object && object.set.name.startsWith("allow4_")
            ? { set: { ...object.set, elem: of } }
            : object,
        )
    await enforcer.start()
    await enforcer.replace({ revision: 1, ruleset: ruleset(members) })
    expect(enforcer.status()).toMatchObject({ revision: 1, isolated: [], error: undefined })
    // Half of them go in place, another 10,000 come.
    const others = [
      ...members.slice(15_000),
      ...members.slice(0, 10_000).map((address) => address.replace(/^10/, "11")),
    ]
    await enforcer.replace({ revision: 2, ruleset: ruleset(others) })
    expect(enforcer.status()).toMatchObject({ revision: 2, isolated: [], error: undefined })
    const [set] = (await nft.list({ kind: "table", family: "inet", name: "postern" })).flatMap((object) =>
      "set" in object && object.set.name.startsWith("allow4_") ? [object.set] : [],
    )
    expect(set?.elem?.length).toBe(25_000)
  } finally {
    await enforcer.close()
    await nft.close()
    holder.stdin.end()
    await once(holder, "close")
    rmSync(directory, { recursive: true })
  }
  await eventually(() => holder.exitCode !== null, "the namespace is left")
})
