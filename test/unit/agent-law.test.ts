// Law: whatever updates came, in whatever batches, and whatever others did to the table in between, the kernel has the
// ruleset of the cluster as it is, and nothing else.

import * as fc from "fast-check"
import { createFake } from "nftables-json/fake"
import { normalize } from "nftables-json/normalize"
import type { Ruleset, Transaction } from "nftables-json/schema"
import { expect, test } from "vitest"
import type { Conntrack } from "../../src/agent/conntrack.ts"
import { Enforcement } from "../../src/agent/enforcement.ts"
import { DEFAULT_MASK, withGeneration } from "../../src/agent/generation.ts"
import { createGenerationClock } from "../../src/agent/generation-clock.ts"
import { createKernelTables } from "../../src/agent/kernel-tables.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { NodeUpdate } from "../../src/wire/node-ruleset.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"

const NODE = "node-a"
const table = { family: "inet", name: "postern" } as const

const names = fc.constantFrom("web", "db", "cache", "batch")
const someNames = fc.uniqueArray(names, { maxLength: 3 })
const number = (name: string): number => ["web", "db", "cache", "batch"].indexOf(name) + 2

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(names, names, fc.boolean()).map(([name, app, again]): Change => {
    const value = pod(name, {
      addresses: [`10.0.1.${number(name)}`],
      labels: { app },
      ...(again ? { uid: `again-${name}` } : {}),
    })
    return { kind: "pod", op: "set", value }
  }),
  names.map((name): Change => ({ kind: "pod", op: "delete", namespace: "shop", name })),
  fc.tuple(names, someNames, fc.integer({ min: 0, max: 3 })).map(([name, peers, ports]): Change => {
    const from = peers.map((app) => ({ podSelector: { matchLabels: { app } } }))
    const rule = {
      from,
      ports: Array.from({ length: ports }, (_, i) => ({ port: 80 + 10 * i, endPort: 85 + 10 * i })),
    }
    const spec = {
      podSelector: { matchLabels: { app: name } },
      ingress: [rule],
      ...(ports === 0 ? { egress: [rule] } : {}),
    }
    return { kind: "policy", op: "set", value: networkPolicy(`for-${name}`, spec) }
  }),
  names.map(
    (name): Change => ({
      kind: "policy",
      op: "delete",
      policyKind: "NetworkPolicy",
      namespace: "shop",
      name: `for-${name}`,
    }),
  ),
)

/** What a foreign hand does; refused where it does not fit. */
const meddling: fc.Arbitrary<Transaction> = fc.constantFrom<Transaction[]>(
  [{ delete: { table } }],
  [{ flush: { chain: { family: "inet", table: "postern", name: "forward" } } }],
  [{ insert: { rule: { family: "inet", table: "postern", chain: "forward", expr: [{ accept: null }] } } }],
  [
    {
      flush: {
        map: { family: "inet", table: "postern", name: "ingress4", type: "ipv4_addr", map: "verdict" },
      },
    },
  ],
  [
    {
      add: {
        element: {
          family: "inet",
          table: "postern",
          name: "ingress4",
          elem: [["10.0.1.99", { goto: { target: "stamp" } }]],
        },
      },
    },
  ],
  [{ add: { chain: { family: "inet", table: "postern", name: "strange" } } }],
)

type Step =
  | { readonly kind: "updates"; readonly batches: readonly (readonly Change[])[] }
  | { readonly kind: "whole" }
  | { readonly kind: "meddling"; readonly transaction: Transaction }
  | { readonly kind: "check" }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
      .map((batches): Step => ({ kind: "updates", batches })),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "whole" }) },
  { weight: 2, arbitrary: meddling.map((transaction): Step => ({ kind: "meddling", transaction })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "check" }) },
)

function cluster() {
  const engine = createEngine({ lower })
  engine.apply(
    changesTo(
      snapshot({
        namespaces: { shop: {} },
        nodes: [node(NODE, { podCIDRs: ["10.0.1.0/24"] })],
        pods: [pod("web", { addresses: ["10.0.1.2"] })],
      }),
    ),
  )
  const fake = createFake()
  const nothing = async (): Promise<void> => undefined
  const conntrack: Conntrack = {
    marks: async () => [],
    deleteMarked: nothing,
    unmark: nothing,
    deleteDenied: nothing,
    forget: nothing,
  }
  let time = 0
  const enforcement = new Enforcement({
    tables: createKernelTables(fake),
    clock: createGenerationClock(DEFAULT_MASK, conntrack),
    unknownPods: "deny",
    emit: () => undefined,
    bumped: () => undefined,
    now: () => (time += 1000),
  })
  let revision = 1
  const render = (): Ruleset => renderNode(engine.program(), NODE, defaultRulesetOptions)
  const replace = async (): Promise<void> => {
    enforcement.hold({ revision: ++revision, ruleset: render() })
    await enforcement.bring("replace")
  }
  const update = async (batches: readonly (readonly Change[])[]): Promise<void> => {
    const updates: NodeUpdate[] = []
    for (const changes of batches) {
      const delta = renderDelta(engine.program(), engine.apply(changes), NODE, defaultRulesetOptions)
      if (delta === undefined) return replace()
      updates.push({ from: revision, revision: ++revision, ...delta })
    }
    await enforcement.update(updates)
  }
  return { fake, enforcement, render, replace, update }
}

async function run(steps: readonly Step[]): Promise<void> {
  const { fake, enforcement, render, replace, update } = cluster()
  await replace()
  for (const step of steps) {
    if (step.kind === "updates") await update(step.batches)
    if (step.kind === "whole") await replace()
    if (step.kind === "meddling") await fake.run(step.transaction).catch(() => undefined)
    if (step.kind === "check") await enforcement.bring("event")
  }
  await enforcement.bring("event")
  const comparable = (ruleset: Ruleset): Ruleset =>
    normalize(withGeneration(ruleset, { number: 1, mask: DEFAULT_MASK })).filter(
      (object) => !("set" in object && object.set.name === "revision"),
    )
  expect(comparable(await fake.list({ kind: "table", ...table }))).toEqual(comparable(render()))
  expect(enforcement.refusals.isolated.size).toBe(0)
}

test("the kernel has the ruleset of the cluster as it is", { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), run), { numRuns: 60 })
})
