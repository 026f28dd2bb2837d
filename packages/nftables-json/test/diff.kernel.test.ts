import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { diff } from "../src/diff.ts"
import { createFake } from "../src/fake.ts"
import type { Nft } from "../src/nft.ts"
import { normalize } from "../src/normalize.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Command, Expression, Ruleset, RulesetObject, Transaction } from "../src/schema.ts"
import { arbitraryTrimmed } from "./arbitrary-ruleset.ts"
import {
  accept,
  chain,
  drop,
  elements,
  equals,
  forward,
  goto,
  jump,
  lookup,
  map,
  place,
  prefix,
  range,
  rule,
  set,
  source,
  table,
} from "./commands.ts"
import { BASE, outcomeOf } from "./contract.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

let namespace: NetworkNamespace
let nft: Nft

beforeAll(() => {
  namespace = createNamespace()
  nft = createOneShot({ command: [...namespace.enter, "nft"] })
})
afterAll(() => {
  namespace.remove()
})

test("from any ruleset to any other: the kernel accepts every step, and lists what was desired", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryTrimmed, { minLength: 2, maxLength: 4 }), async (rulesets) => {
      namespace.run(["nft", "flush", "ruleset"])
      for (const desired of rulesets) {
        const plan = diff(await nft.list(), desired)
        await nft.run(plan.add)
        await nft.run(plan.flip)
        await nft.run(plan.remove)
        const listed = await nft.list()
        expect(withoutMerging(normalize(listed))).toEqual(withoutMerging(normalize(desired)))
        expect(diff(listed, desired)).toEqual({ add: [], flip: [], remove: [] })
      }
    }),
    { numRuns: 60 },
  )
}, 300_000)

test("an interval map and the chain that its verdicts name come in one transaction", async () => {
  namespace.run(["nft", "flush", "ruleset"])
  const ports = map("ports", {
    type: "inet_service",
    map: "verdict",
    flags: ["interval"],
    elem: [[22, goto("c")]],
  })
  for (const current of [[], [table], [table, map("ports", { type: "ipv4_addr", map: "verdict" })]]) {
    namespace.run(["nft", "flush", "ruleset"])
    await nft.run(current.map((each) => ({ add: each })))
    const desired = [table, chain("c"), ports]
    const plan = diff(await nft.list(), desired)
    for (const transaction of [plan.add, plan.flip, plan.remove]) await nft.run(transaction)
    expect(normalize(await nft.list())).toEqual(normalize(desired))
  }
})

test("whatever the transaction, the fake takes or refuses it as the kernel does, and ends alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryTransaction, { minLength: 1, maxLength: 4 }), async (transactions) => {
      namespace.run(["nft", "flush", "ruleset"])
      const fake = createFake()
      await nft.run(BASE)
      await fake.run(BASE)
      for (const transaction of transactions) {
        const [fakes, kernels] = [await outcomeOf(fake, transaction), await outcomeOf(nft, transaction)]
        // Of several refusals nft reports those it finds itself before those of the kernel.
        const isOne = transaction.length === 1 || kernels === "applied"
        expect(isOne ? fakes : fakes !== "applied").toBe(isOne ? kernels : true)
        expect(normalize(await fake.list())).toEqual(normalize(await nft.list()))
      }
    }),
    { numRuns: 150 },
  )
}, 300_000)

const key = fc.constantFrom("1.1.1.1", "1.1.1.2", "1.1.1.3")
const interval = fc.constantFrom<Expression>(
  "10.0.0.1",
  prefix("10.0.0.0", 24),
  prefix("10.0.0.0", 25),
  range("10.0.0.200", "10.0.1.5"),
)
const chainName = fc.constantFrom("c", "d", "b", "x")
const target = chainName.chain((name) => fc.constantFrom(goto(name), jump(name)))
const verdict = fc.oneof(fc.constantFrom(accept, drop), target)

const element = fc.oneof(
  key.map((each) => elements("s", each)),
  interval.map((each) => elements("i", each)),
  fc.tuple(key, verdict).map((pair) => elements("m", pair)),
  fc
    .tuple(fc.constantFrom<Expression>(5, range(1, 9), range(10, 20)), verdict)
    .map((pair) => elements("p", pair)),
)
const object = fc.oneof<fc.Arbitrary<RulesetObject>[]>(
  chainName.map((name) => chain(name)),
  fc.constantFrom(chain("b", { ...forward, policy: "drop" }), chain("c", forward)),
  fc.constantFrom(
    set("s"),
    set("i", { flags: ["interval"] }),
    map("m"),
    set("n", { size: 2 }),
    set("s", { type: "ipv6_addr" }),
    table,
  ),
)
const newRule = fc
  .tuple(
    chainName,
    fc.oneof(verdict, fc.constantFrom(lookup(source, "@m"), equals(source, "@s"), equals(source, "@i"))),
  )
  .map(([name, statement]) => rule(name, [statement]))
// Handles of rules are 8 and above; some of these are there.
const handle = fc.integer({ min: 8, max: 12 })

const arbitraryCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: element.map((each): Command => ({ add: each })) },
  { weight: 2, arbitrary: element.map((each): Command => ({ delete: each })) },
  { weight: 1, arbitrary: element.map((each): Command => ({ create: each })) },
  { weight: 4, arbitrary: newRule.map((each): Command => ({ add: each })) },
  { weight: 2, arbitrary: object.map((each): Command => ({ add: each })) },
  { weight: 2, arbitrary: object.map((each): Command => ({ delete: each })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<RulesetObject>(set("s"), map("m"), chain("c"), table)
      .map((each): Command => ({ flush: each })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(chainName, handle)
      .map(([name, at]): Command => ({ delete: rule(name, [], { handle: at }) })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(chainName, handle, verdict).map(
      ([name, at, statement]): Command => ({
        insert: { rule: { ...place, chain: name, handle: at, expr: [statement] } },
      }),
    ),
  },
)

const arbitraryTransaction: fc.Arbitrary<Transaction> = fc.array(arbitraryCommand, {
  minLength: 1,
  maxLength: 3,
})

/** nft 1.0.6 does not merge by itself what it is given as JSON; the plan sends merged intervals. */
function withoutMerging(ruleset: Ruleset): Ruleset {
  return ruleset.filter((object) => !("set" in object && object.set.name === "merged"))
}
