// Law: whatever updates came, in whatever batches, whatever CNI results said and whatever others did to the table in
// between, the kernel has the ruleset of the cluster as it is, completed by what the node knows, and nothing else.

import * as fc from "fast-check"
import { createFake } from "nftables-json/fake"
import { normalize } from "nftables-json/normalize"
import type { Expression, Ruleset, Transaction, Verdict } from "nftables-json/schema"
import { expect, test } from "vitest"
import type { Conntrack } from "../../src/agent/conntrack.ts"
import { Enforcement } from "../../src/agent/enforcement.ts"
import { DEFAULT_MASK, withGeneration } from "../../src/agent/generation.ts"
import { createGenerationClock } from "../../src/agent/generation-clock.ts"
import { createKernelTables } from "../../src/agent/kernel-tables.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderBindings } from "../../src/compile/ruleset/render-bindings.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change } from "../../src/compile/snapshot.ts"
import { ownersOf } from "../../src/controller/owners-of.ts"
import { lower } from "../../src/kinds/registry.ts"
import { rulesetDigest } from "../../src/wire/digest.ts"
import type { Binding, NodeUpdate, Owners } from "../../src/wire/node-ruleset.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"

const NODE = "node-a"
const table = { family: "inet", name: "postern" } as const

const names = fc.constantFrom("web", "db", "cache", "batch")
const someNames = fc.uniqueArray(names, { maxLength: 3 })
const number = (name: string): number => ["web", "db", "cache", "batch"].indexOf(name) + 2

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(names, names, fc.boolean(), fc.boolean()).map(([name, app, again, isBound]): Change => {
    const value = pod(name, {
      addresses: isBound ? [] : [`10.0.1.${number(name)}`],
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
  /** Names of the pods that CNI results give the addresses 10.0.1.2 and on to; "" for none. */
  | { readonly kind: "attached"; readonly pods: readonly string[] }
  | { readonly kind: "observe"; readonly isOn: boolean }
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
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof(names, fc.constant("")), { minLength: 4, maxLength: 5 })
      .map((pods): Step => ({ kind: "attached", pods })),
  },
  { weight: 2, arbitrary: fc.boolean().map((isOn): Step => ({ kind: "observe", isOn })) },
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
  const owners = (): Owners => ownersOf(engine.program().nodes.get(NODE)?.endpoints() ?? [])
  const bindings = () => renderBindings(engine.program(), NODE, defaultRulesetOptions)
  const replace = async (): Promise<void> => {
    enforcement.hold({ revision: ++revision, ruleset: render(), owners: owners(), bindings: bindings() })
    await enforcement.bring("replace")
  }
  const update = async (batches: readonly (readonly Change[])[]): Promise<void> => {
    const updates: NodeUpdate[] = []
    for (const changes of batches) {
      const delta = renderDelta(engine.program(), engine.apply(changes), NODE, defaultRulesetOptions)
      if (delta === undefined) return replace()
      updates.push({ from: revision, revision: ++revision, ...delta, owners: owners() })
    }
    await enforcement.update(updates)
  }
  return { fake, enforcement, render, replace, update, owners, bindings }
}

type Cluster = ReturnType<typeof cluster>
type Verdicts = Pick<Binding, "egress" | "ingress">

/** As said in docs/design.md: the verdicts of the pod that the CNI plugin names, wherever else they are known from. */
function expected({ render, owners, bindings }: Cluster, attached: ReadonlyMap<string, string>): Ruleset {
  const ruleset = render()
  const elements = (name: string): Map<Expression, Expression | Verdict> =>
    new Map(
      ruleset.flatMap((object) =>
        "map" in object && object.map.name === name ? (object.map.elem ?? []) : [],
      ),
    )
  const program = { egress4: elements("egress4"), ingress4: elements("ingress4") }
  const verdicts = new Map<string, Partial<Verdicts>>()
  for (const [address, uid] of Object.entries(owners())) {
    const [egress, ingress] = [program.egress4.get(address), program.ingress4.get(address)]
    if (isVerdict(egress) && isVerdict(ingress)) verdicts.set(uid, { egress, ingress })
  }
  for (const { uid, egress, ingress } of bindings()) verdicts.set(uid, { egress, ingress })
  for (const [address, uid] of attached) {
    program.egress4.delete(address)
    program.ingress4.delete(address)
    const { egress, ingress } = verdicts.get(uid) ?? {}
    if (egress !== undefined) program.egress4.set(address, egress)
    if (ingress !== undefined) program.ingress4.set(address, ingress)
  }
  return ruleset.map((object) => {
    const name = "map" in object ? object.map.name : ""
    if (!("map" in object) || (name !== "egress4" && name !== "ingress4")) return object
    return { map: { ...object.map, elem: [...program[name]] } }
  })
}

function isVerdict(value: Expression | Verdict | undefined): value is Verdict {
  return typeof value === "object" && ("goto" in value || "return" in value)
}

/** Every drop lets pass, and nothing is marked as denied. */
function observed(ruleset: Ruleset): Ruleset {
  return ruleset
    .filter((object) => !("rule" in object && object.rule.comment === "denied"))
    .map((object) =>
      "rule" in object
        ? {
            rule: {
              ...object.rule,
              expr: object.rule.expr.map((each) => ("drop" in each ? { accept: null } : each)),
            },
          }
        : object,
    )
}

const NOTHING_DONE = { repaired: 0, refused: 0 }

async function run(steps: readonly Step[]): Promise<void> {
  const made = cluster()
  const { fake, enforcement, render, replace, update } = made
  let attached: ReadonlyMap<string, string> = new Map()
  let isObserving = false
  await replace()
  for (const step of steps) {
    if (step.kind === "updates") await update(step.batches)
    if (step.kind === "whole") await replace()
    if (step.kind === "meddling") await fake.run(step.transaction).catch(() => undefined)
    if (step.kind === "check") await enforcement.bring("event")
    if (step.kind === "attached") {
      const named = step.pods.map((name, i) => [`10.0.1.${i + 2}`, name] as const)
      attached = new Map(
        named.flatMap(([to, name]) => (name === "" ? [] : [[to, `uid-shop-${name}`] as const])),
      )
      await enforcement.endpoints({ attached, withheld: new Set() })
    }
    if (step.kind === "observe") {
      isObserving = step.isOn
      await enforcement.observe(step.isOn)
    }
  }
  await enforcement.bring("event")
  const comparable = (ruleset: Ruleset): Ruleset =>
    normalize(withGeneration(ruleset, { number: 1, mask: DEFAULT_MASK })).filter(
      (object) => !("set" in object && object.set.name === "revision"),
    )
  const wanted = expected(made, attached)
  const inKernel = await fake.list({ kind: "table", ...table })
  expect(comparable(inKernel)).toEqual(comparable(isObserving ? observed(wanted) : wanted))
  expect(enforcement.refusals.isolated.size).toBe(0)
  // What was not read back was right, too.
  const isUndisturbed = !steps.some(({ kind }) => kind === "meddling")
  const { repaired, refused } = enforcement.counters
  expect(isUndisturbed ? { repaired, refused } : NOTHING_DONE).toEqual(NOTHING_DONE)
  expect(rulesetDigest(enforcement.program?.whole().ruleset ?? [])).toBe(rulesetDigest(render()))
}

test("the kernel has the ruleset of the cluster as it is", { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), run), { numRuns: 60 })
})
