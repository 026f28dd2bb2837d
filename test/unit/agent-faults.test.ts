// An agent whose transactions fail in one of their three steps, or whose answer is lost: what is in force meanwhile,
// and afterwards. On the fake, so that every step of every change can be made to fail.

import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NftError } from "nftables-json/errors"
import { createFake } from "nftables-json/fake"
import type { Nft } from "nftables-json/nft"
import type { Transaction } from "nftables-json/schema"
import { describe, expect, test } from "vitest"
import { createCache } from "../../src/agent/cache.ts"
import type { Conntrack } from "../../src/agent/conntrack.ts"
import { Enforcement } from "../../src/agent/enforcement.ts"
import { createEnforcer } from "../../src/agent/enforcer.ts"
import type { EnforcerEvent } from "../../src/agent/event.ts"
import { DEFAULT_MASK, generationIn } from "../../src/agent/generation.ts"
import { createGenerationClock } from "../../src/agent/generation-clock.ts"
import type { Host } from "../../src/agent/host.ts"
import { createKernelTables, type KernelState } from "../../src/agent/kernel-tables.ts"
import { elementsOf } from "../../src/agent/narrows.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { NodeRuleset, NodeUpdate } from "../../src/wire/node-ruleset.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"

const NODE = "node-a"
const table = { family: "inet", name: "postern" } as const

/** Changes of a cluster as the controller sends them to the agent of one node. */
function controller() {
  const engine = createEngine({ lower })
  let revision = 1
  engine.apply(
    changesTo(
      snapshot({
        namespaces: { shop: {} },
        nodes: [node(NODE, { podCIDRs: ["10.0.1.0/24"] })],
        pods: [pod("web", { addresses: ["10.0.1.2"] }), pod("db", { addresses: ["10.0.1.3"] })],
      }),
    ),
  )
  return {
    whole: (): NodeRuleset => ({
      revision,
      ruleset: renderNode(engine.program(), NODE, defaultRulesetOptions),
    }),
    update: (...changes: readonly Change[]): NodeUpdate => {
      const delta = engine.apply(changes)
      const change = renderDelta(engine.program(), delta, NODE, defaultRulesetOptions)
      if (change === undefined) throw new Error("not a change in place")
      return { from: revision, revision: ++revision, ...change }
    },
  }
}

const allow = (name: string, ...peers: readonly string[]): Change => {
  const from = peers.map((app) => ({ podSelector: { matchLabels: { app } } }))
  return { kind: "policy", op: "set", value: networkPolicy(name, { podSelector: {}, ingress: [{ from }] }) }
}

/** What becomes of one transaction: refused, or applied and the answer lost, or followed by one of another hand. */
type Fault = "refused" | "unavailable" | "answer lost" | "meddled with"

const meddling: Transaction = [
  {
    insert: {
      rule: {
        family: "inet",
        table: "postern",
        chain: "forward",
        comment: "meddled",
        expr: [{ accept: null }],
      },
    },
  },
]

function agent(faultOf: (transaction: Transaction) => Fault | undefined = () => undefined) {
  const fake = createFake()
  const inForce: number[] = []
  const nft: Nft = {
    ...fake,
    run: async (transaction) => {
      const fault = faultOf(transaction)
      if (fault === "unavailable") throw new NftError({ code: "unavailable", text: "no answer" })
      if (fault !== "refused") await fake.run(transaction)
      const number = generationIn(await fake.list({ kind: "table", ...table }), DEFAULT_MASK)
      if (number !== undefined && number !== inForce.at(-1)) inForce.push(number)
      if (fault === "meddled with") await fake.run(meddling)
      else if (fault !== undefined) throw new NftError({ code: "busy", text: "Device or resource busy" })
    },
  }
  const conntrack: Conntrack = {
    marks: async () => [],
    deleteMarked: async () => undefined,
    unmark: async () => undefined,
    deleteDenied: async () => undefined,
    forget: async () => undefined,
  }
  let time = 0
  const events: EnforcerEvent[] = []
  const tables = createKernelTables(nft)
  const enforcement = new Enforcement({
    tables,
    clock: createGenerationClock(DEFAULT_MASK, conntrack),
    unknownPods: "deny",
    emit: (event) => events.push(event),
    bumped: () => undefined,
    now: () => (time += 1000),
  })
  return {
    fake,
    nft,
    tables,
    enforcement,
    events,
    /** Generations that the kernel has had, in order. */ inForce,
  }
}

/** Says which transaction of a change is which, by what it holds. */
const isRemoval = (transaction: Transaction): boolean =>
  transaction.some((command) => "delete" in command && "chain" in command.delete)
const isFlip = (transaction: Transaction): boolean =>
  transaction.some((command) => elementsOf(command)?.name === "ingress4")

/** An address leaves the peers of a policy. */
const isDeparture = (transaction: Transaction): boolean =>
  transaction.some((command) => "delete" in command && elementsOf(command)?.name.startsWith("allow"))
const isGenerationAlone = (transaction: Transaction): boolean =>
  transaction.some((command) => "flush" in command && "chain" in command.flush) && !isDeparture(transaction)

describe("a change whose transactions fail", () => {
  test.for<[string, Fault, (transaction: Transaction) => boolean]>([
    ["is refused in its removal", "refused", isRemoval],
    ["is applied, but nobody hears of it", "answer lost", isFlip],
  ])(
    "another that narrows, in the same breath, has a generation of its own where the first %s",
    async ([, fault, isMeant]) => {
      const { update, whole } = controller()
      let fails = false
      const { enforcement, inForce } = agent((transaction) => {
        if (!fails || !isMeant(transaction)) return undefined
        fails = false
        return fault
      })
      enforcement.hold(whole())
      await enforcement.bring("replace")
      await enforcement.update([update(allow("one", "db"))])
      expect(inForce).toEqual([1, 2])
      fails = true
      // What the first lets pass carries its number; the second denies it.
      await enforcement.update([update(allow("one", "web")), update(allow("one"))])
      expect(fails).toBe(false)
      expect(inForce).toEqual([1, 2, 3, 4])
    },
  )

  const departed: Change = {
    kind: "pod",
    op: "set",
    value: pod("db", { addresses: ["10.0.1.3"], labels: { app: "other" } }),
  }
  const arrived: Change = {
    kind: "pod",
    op: "set",
    value: pod("db2", { addresses: ["10.0.1.4"], labels: { app: "db" } }),
  }

  test.for<[string, Fault]>([
    ["never reached the kernel", "unavailable"],
    ["may have reached the kernel", "answer lost"],
  ])("that %s is made up for by the next, which is not taken for both", async ([, fault]) => {
    const { update, whole } = controller()
    let fails = false
    const { enforcement, tables, inForce } = agent(() => (fails ? fault : undefined))
    enforcement.hold(whole())
    await enforcement.bring("replace")
    await enforcement.update([update(allow("one", "db"))])
    fails = true
    await expect(enforcement.update([update(departed)])).rejects.toThrow(NftError)
    fails = false
    const before = inForce.at(-1)
    const last = update(arrived)
    await enforcement.update([last])
    expect((await tables.read()).revision).toBe(last.revision)
    expect(membersOf(await tables.read())).toEqual([["10.0.1.4"]])
    expect(inForce.at(-1)).toBe((before ?? 0) + 1)
    await enforcement.bring("event")
    expect(enforcement.counters.repaired).toBe(0)
  })

  test("that never reached the kernel is not taken for done by the generation that follows the one before", async () => {
    const { update, whole } = controller()
    let fails = false
    const { enforcement, tables } = agent(() => (fails ? "unavailable" : undefined))
    enforcement.hold(whole())
    await enforcement.bring("replace")
    await enforcement.update([update(allow("one", "db"))])
    fails = true
    const last = update(departed)
    await expect(enforcement.update([last])).rejects.toThrow(NftError)
    fails = false
    await enforcement.bumpGeneration()
    expect((await tables.read()).revision).toBe(last.revision)
    expect(membersOf(await tables.read())).toEqual([[]])
  })

  test("that narrows has a generation of its own where nobody heard of the one before it", async () => {
    const { update, whole } = controller()
    let fails = false
    const { enforcement, inForce } = agent((transaction) => {
      if (!fails || !isGenerationAlone(transaction)) return undefined
      fails = false
      return "answer lost"
    })
    enforcement.hold(whole())
    await enforcement.bring("replace")
    await enforcement.update([update(allow("one", "db"))])
    expect(inForce).toEqual([1, 2])
    enforcement.generationDue = true
    fails = true
    await expect(enforcement.bumpGeneration()).rejects.toThrow(NftError)
    expect(inForce).toEqual([1, 2, 3])
    // Until now connections got the number 3 by the rules before this change.
    await enforcement.update([update(departed)])
    expect(inForce).toEqual([1, 2, 3, 4])
  })

  test("carries the revision of the rules in force until the flip: a successor must not take it for the new one", async () => {
    const { update, whole } = controller()
    let isWatched = false
    const { enforcement, tables, fake } = agent((transaction) => {
      if (!isWatched || !isFlip(transaction)) return undefined
      return "refused"
    })
    enforcement.hold(whole())
    await enforcement.bring("replace")
    isWatched = true
    await expect(enforcement.update([update(allow("one", "db"))])).rejects.toThrow("busy")
    expect(fake.dump()).toContain("in_")
    expect((await tables.read()).revision).toBe(1)
  })

  test("what another hand adds between writing and reading is undone, counted, and what it let in is judged again", async () => {
    const { update, whole } = controller()
    let isWatched = false
    const { enforcement, fake, inForce } = agent((transaction) => {
      if (!isWatched || !isFlip(transaction)) return undefined
      isWatched = false
      return "meddled with"
    })
    enforcement.hold(whole())
    await enforcement.bring("replace")
    isWatched = true
    update(allow("one"))
    enforcement.hold(whole())
    await enforcement.bring("replace")
    expect(isWatched).toBe(false)
    expect(fake.dump()).not.toContain("meddled")
    expect(enforcement.counters.repaired).toBe(1)
    expect(inForce).toEqual([1, 2, 3])
  })
})

async function cachedRevision(directory: string): Promise<number | undefined> {
  const read = await createCache(directory).read()
  return read.kind === "program" ? read.program.node.revision : undefined
}

/** Members of every set of accepted peers. */
function membersOf({ ruleset }: KernelState): readonly (readonly unknown[])[] {
  return ruleset.flatMap((object) =>
    "set" in object && object.set.name.startsWith("allow4_") ? [object.set.elem ?? []] : [],
  )
}

describe("an enforcer whose nft fails", () => {
  const host: Host = {
    run: async (command, args) => {
      if (command === "nft" && args.includes("flowtables")) return { status: 1, stdout: "", stderr: "" }
      return { status: 0, stdout: command === "nft" ? "nftables v1.0.6" : "[]", stderr: "" }
    },
    watch: () => ({ pid: undefined, stop: async () => undefined }),
  }
  const db = { kind: "pod", namespace: "shop", name: "db" } as const
  const relabelled = pod("db", { addresses: ["10.0.1.3"], labels: { app: "other" } })

  test.for<[string, Change, number, (transaction: Transaction) => boolean]>([
    ["at an update", { ...db, op: "set", value: relabelled }, 3, isDeparture],
    ["at the generation behind an update", { ...db, op: "set", value: relabelled }, 1, isGenerationAlone],
    ["before connections are forgotten", { ...db, op: "delete" }, 1, isDeparture],
  ])("%s tries again by itself, and soon", { timeout: 180_000 }, async ([, change, times, isMeant]) => {
    const directory = await mkdtemp(join(tmpdir(), "postern-faults-"))
    const { update, whole } = controller()
    const forgotten: string[] = []
    let failures = 0
    let fails = false
    const { nft } = agent((transaction) => {
      if (!fails || !isMeant(transaction) || ++failures > times) return undefined
      return "unavailable"
    })
    const onEvent = (event: EnforcerEvent): void => {
      if (event.kind === "forgot") forgotten.push(...event.addresses)
    }
    const enforcer = createEnforcer({ nft, host, directory, bootId: "now", onEvent })
    try {
      await enforcer.start()
      update(allow("one", "db"))
      await enforcer.replace(whole())
      fails = true
      const last = update(change)
      const updated = enforcer.update(last).catch(() => "refused")
      await expect.poll(() => enforcer.status()).toMatchObject({ revision: last.revision, error: undefined })
      await updated
      // A slow machine is late: where the interval of generations is over, the update brings its own with it.
      for (let i = 0; i < 100; i++) {
        if (failures >= times) break
        const value = i % 2 === 0 ? { ...relabelled, labels: { app: "db" } } : relabelled
        await enforcer.update(update({ ...db, op: "set", value })).catch(() => "refused")
      }
      await expect.poll(() => enforcer.status()).toMatchObject({ error: undefined })
      expect(failures).toBeGreaterThanOrEqual(times)
      await expect.poll(() => forgotten).toEqual(last.forget)
      // A successor finds it, whatever has failed before.
      const held = enforcer.status().revision
      await expect.poll(() => cachedRevision(directory)).toBe(held)
    } finally {
      await enforcer.close()
      await rm(directory, { recursive: true })
    }
  })

  test("a disk that takes nothing keeps no change from the kernel, and is told", async () => {
    const directory = await mkdtemp(join(tmpdir(), "postern-faults-"))
    const file = join(directory, "file")
    await writeFile(file, "")
    const { update, whole } = controller()
    const events: EnforcerEvent[] = []
    const onEvent = (event: EnforcerEvent): void => void events.push(event)
    const { nft } = agent()
    let entry =
      "udp 17 29 src=10.0.1.2 dst=10.0.1.3 sport=1 dport=2 src=10.0.1.3 dst=10.0.1.2 sport=2 dport=1 id=7"
    const tracking: Host = {
      ...host,
      run: async (command, args) => {
        if (command !== "conntrack") return await host.run(command, args)
        if (args.join(" ") === "-D -d 10.0.1.3") entry = ""
        return { status: 0, stdout: args[0] === "-L" ? entry : "", stderr: "" }
      },
    }
    const below = join(file, "below")
    const enforcer = createEnforcer({ nft, host: tracking, directory: below, bootId: "now", onEvent })
    try {
      await enforcer.start()
      await enforcer.replace(whole())
      const last = update({ ...db, op: "delete" })
      await enforcer.update(last)
      expect(enforcer.status()).toMatchObject({ revision: last.revision })
      expect(events).toContainEqual({ kind: "forgot", addresses: last.forget })
      expect(entry).toBe("")
      expect(events).toContainEqual(expect.objectContaining({ kind: "failed", what: "caching the program" }))
    } finally {
      await enforcer.close()
      await rm(directory, { recursive: true })
    }
  })
})
