// Law: however a change reaches the kernel, whatever fails on the way, no connection lives on that the rules deny now.
//
// Connections are modelled as conntrack has them: one with the number in force passes unasked, any other is judged
// and, where it is accepted, gets the number. Three bits of mark, so that numbers come round.

import * as fc from "fast-check"
import { NftError } from "nftables-json/errors"
import { evaluate, prepare } from "nftables-json/evaluate"
import { createFake } from "nftables-json/fake"
import type { Nft } from "nftables-json/nft"
import type { Packet } from "nftables-json/packet"
import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import type { Conntrack } from "../../src/agent/conntrack.ts"
import { Enforcement } from "../../src/agent/enforcement.ts"
import { generationIn, numberIn } from "../../src/agent/generation.ts"
import { createGenerationClock } from "../../src/agent/generation-clock.ts"
import { createKernelTables } from "../../src/agent/kernel-tables.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { NodeRuleset, NodeUpdate } from "../../src/wire/node-ruleset.ts"
import { seedOf } from "../random/seed.ts"
import { networkPolicy, node, pod } from "../snapshots.ts"

const NODE = "node-a"
const MASK = 0x7
const options = { ...defaultRulesetOptions, mask: MASK }
const table = { family: "inet", name: "postern" } as const

/** Two pods of the node, two of another. */
const PODS = [
  { name: "one", node: NODE, address: "10.0.1.2" },
  { name: "two", node: NODE, address: "10.0.1.3" },
  { name: "far", node: "node-b", address: "10.0.2.2" },
  { name: "farther", node: "node-b", address: "10.0.2.3" },
] as const

const app = fc.constantFrom("x", "y")
const peers = fc.array(
  app.map((value) => ({ podSelector: { matchLabels: { app: value } } })),
  { maxLength: 2 },
)
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ of: fc.constantFrom(...PODS), app }).map(({ of, app }): Change => {
      const value = pod(of.name, { node: of.node, addresses: [of.address], labels: { app } })
      return { kind: "pod", op: "set", value }
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ name: fc.constantFrom("p", "q"), app, field: fc.constantFrom("ingress", "egress"), peers })
      .map(({ name, app, field, peers }): Change => {
        const spec = {
          podSelector: { matchLabels: { app } },
          policyTypes: [field === "ingress" ? "Ingress" : "Egress"],
          [field]: [{ [field === "ingress" ? "from" : "to"]: peers }],
        }
        return {
          kind: "policy",
          op: "set",
          value: networkPolicy(name, peers.length === 0 ? { ...spec, [field]: [] } : spec),
        }
      }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("p", "q").map((name): Change => {
      return { kind: "policy", op: "delete", policyKind: "NetworkPolicy", namespace: "shop", name }
    }),
  },
)

type Fault = "refused" | "answer lost" | "unavailable" | undefined

interface Step {
  /** Updates that wait together, each of some changes. */
  readonly updates: readonly (readonly Change[])[]
  /** What becomes of the transactions that follow, one by one. */
  readonly faults: readonly Fault[]
  /** The generation before was long ago. */
  readonly isLate: boolean
  /** What has failed is not tried again before the next change comes. */
  readonly isLeft: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  updates: fc.array(fc.array(change, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  faults: fc.oneof(
    fc.constant([]),
    fc.array(fc.constantFrom<Fault>(undefined, undefined, "refused", "answer lost", "unavailable"), {
      maxLength: 6,
    }),
  ),
  isLate: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  isLeft: fc.boolean(),
})

test("no connection lives on that the rules in force deny, whatever failed on the way", {
  timeout: 300_000,
}, async () => {
  const seed = seedOf()
  console.log(`generations under faults: POSTERN_SEED=${seed}`)
  const seen = { cut: 0, kept: 0 }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const world = createWorld()
      await world.begin()
      for (const each of steps) {
        if (!(await world.take(each))) continue
        const { passing, accepted, wanted } = await world.look()
        expect(accepted).toEqual(wanted)
        expect(passing.filter((flow) => !accepted.includes(flow))).toEqual([])
        seen.kept += passing.length
        seen.cut += FLOWS.length - passing.length
      }
    }),
    { seed, numRuns: 100 },
  )
  expect(Math.min(seen.kept, seen.cut)).toBeGreaterThan(200)
})

const FLOWS = PODS.flatMap((from) =>
  PODS.filter((to) => to !== from).map((to) => `${from.address} ${to.address}`),
)

function createWorld() {
  const engine = createEngine({ lower })
  const kernel = createKernel()
  let revision = 0
  let time = 0
  const enforcement = new Enforcement({
    tables: createKernelTables(kernel.nft),
    clock: createGenerationClock(MASK, kernel.conntrack),
    unknownPods: "deny",
    emit: () => undefined,
    bumped: () => undefined,
    now: () => time,
  })
  const whole = (): NodeRuleset => ({ revision, ruleset: renderNode(engine.program(), NODE, options) })
  const update = (changes: readonly Change[]): NodeUpdate => {
    const delta = engine.apply(changes)
    const change = renderDelta(engine.program(), delta, NODE, options)
    if (change === undefined) throw new Error("not a change in place")
    return { from: revision, revision: ++revision, ...change }
  }
  return {
    begin: async () => {
      const nodes = [node(NODE, { podCIDRs: ["10.0.1.0/24"] }), node("node-b", { podCIDRs: ["10.0.2.0/24"] })]
      engine.apply(nodes.map((value): Change => ({ kind: "node", op: "set", value })))
      engine.apply(
        PODS.map(({ name, node, address }): Change => {
          return {
            kind: "pod",
            op: "set",
            value: pod(name, { node, addresses: [address], labels: { app: name } }),
          }
        }),
      )
      revision = 1
      enforcement.hold(whole())
      await enforcement.bring("replace")
    },
    /** As the enforcer goes about it: an update, then what is left over. False where that is still to be tried again. */
    take: async ({ updates, faults, isLate, isLeft }: Step): Promise<boolean> => {
      if (isLate) time += 1_000
      kernel.faults.push(...faults)
      const isTaken = await succeeds(enforcement.update(updates.map(update)))
      if (enforcement.program?.revision !== revision) enforcement.hold(whole())
      time += 1_000
      const isObeyed = !enforcement.generationDue || (await succeeds(enforcement.bumpGeneration()))
      kernel.faults.length = 0
      if (!isLeft) await enforcement.bring("update")
      else if (!isTaken || !isObeyed) return false
      expect(enforcement.generationDue).toBe(false)
      expect(enforcement.revisionInForce).toBe(revision)
      return true
    },
    look: async () => ({
      passing: FLOWS.filter((flow) => kernel.passes(flow)),
      accepted: FLOWS.filter((flow) => kernel.accepts(flow)),
      wanted: [...acceptedBy(whole().ruleset)],
    }),
  }
}

async function succeeds(task: Promise<void>): Promise<boolean> {
  try {
    await task
    return true
  } catch (error) {
    if (error instanceof NftError) return false
    throw error
  }
}

/** nftables and conntrack; every connection sends a packet after every transaction. */
function createKernel() {
  const fake = createFake()
  const marks = new Map<string, number>()
  const faults: Fault[] = []
  let numberInForce: number | undefined
  let accepted: ReadonlySet<string> = new Set()
  const accepts = (flow: string): boolean => accepted.has(flow)
  const passes = (flow: string): boolean => (marks.get(flow) ?? 0) === numberInForce || accepts(flow)
  const everyoneSends = (): void => {
    const number = numberInForce
    for (const flow of FLOWS) if (number !== undefined && passes(flow)) marks.set(flow, number)
  }
  const nft: Nft = {
    ...fake,
    run: async (transaction) => {
      const fault = faults.shift()
      if (fault === "unavailable") throw new NftError({ code: "unavailable", text: "no answer" })
      if (fault !== "refused") {
        await fake.run(transaction)
        const ruleset = await fake.list({ kind: "table", ...table })
        numberInForce = generationIn(ruleset, MASK)
        accepted = acceptedBy(ruleset)
        everyoneSends()
      }
      if (fault !== undefined) throw new NftError({ code: "busy", text: "Device or resource busy" })
    },
  }
  const conntrack: Conntrack = {
    marks: async () => [...marks.values()].filter((mark) => mark !== 0),
    deleteMarked: async (mark) => {
      for (const [flow, carried] of marks)
        if (numberIn(carried, MASK) === numberIn(mark, MASK)) marks.delete(flow)
    },
    unmark: async () => marks.clear(),
    deleteDenied: async () => undefined,
    forget: async () => undefined,
  }
  return { nft, conntrack, faults, accepts, passes }
}

/** Connections whose packets are accepted though their mark tells nothing. */
function acceptedBy(ruleset: Ruleset): ReadonlySet<string> {
  const prepared = prepare(ruleset)
  const environment = { trace: "none", fib: () => "unicast" } as const
  return new Set(FLOWS.filter((flow) => evaluate(prepared, packetOf(flow), environment).verdict === "accept"))
}

function packetOf(flow: string): Packet {
  const [source = "", destination = ""] = flow.split(" ")
  return {
    hook: "forward",
    family: "ip",
    iifname: "eth0",
    oifname: "eth1",
    source,
    destination,
    l4proto: "tcp",
    sourcePort: 40_000,
    destinationPort: 80,
    tcpFlags: ["ack"],
    fields: { "ip ttl": 63 },
    ct: { state: "established", direction: "original", mark: 0 },
  }
}
