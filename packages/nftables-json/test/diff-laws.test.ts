import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { apply } from "../src/apply.ts"
import { diff } from "../src/diff.ts"
import { normalize } from "../src/normalize.ts"
import type { Command, Ruleset } from "../src/schema.ts"
import { applyPlan, fakeWith, plan } from "./apply-plan.ts"
import { arbitraryTrimmed } from "./arbitrary-ruleset.ts"
import { add, elements, remove, set, table } from "./commands.ts"

describe("laws", { timeout: 120_000 }, () => {
  test("every step of a plan is accepted, and the plan leads to what is desired", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTrimmed, arbitraryTrimmed, async (from, to) => {
        const fake = await fakeWith(from)
        const listed = await fake.list()
        await applyPlan(fake, diff(listed, to))
        const reached = await fake.list()
        expect(diff(reached, to)).toEqual(plan({}))
        expect(withoutMerging(normalize(reached))).toEqual(withoutMerging(normalize(to)))
      }),
      { numRuns: 500 },
    )
  })

  test("add alone changes nothing that packets meet: base chains, and what was there, stay as they were", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryTrimmed, arbitraryTrimmed, async (from, to) => {
        const fake = await fakeWith(from)
        const before = normalize(await fake.list())
        await fake.run(diff(await fake.list(), to).add)
        const after = normalize(await fake.list()).map((each) => JSON.stringify(each))
        expect(after).toEqual(expect.arrayContaining(before.map((each) => JSON.stringify(each))))
      }),
      { numRuns: 200 },
    )
  })

  test("a ruleset differs from itself by nothing", () => {
    fc.assert(
      fc.property(arbitraryTrimmed, (ruleset) => {
        expect(diff(ruleset, ruleset)).toEqual(plan({}))
      }),
    )
  })

  test("normal forms do not change any more", () => {
    fc.assert(
      fc.property(arbitraryTrimmed, (ruleset) => {
        expect(normalize(normalize(ruleset))).toEqual(normalize(ruleset))
      }),
    )
  })

  test("one element more or less is one element in one command", () => {
    const isChange = (command: Command) => "delete" in command || "add" in command
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 1, maxLength: 50 }),
        (numbers) => {
          const elem = numbers.map((each) => `10.0.0.${each}`)
          const {
            add: none,
            flip,
            remove: nothing,
          } = diff([table, set("s", { elem })], [table, set("s", { elem: ["11.0.0.1", ...elem.slice(1)] })])
          expect([none, nothing, flip.filter(isChange).length]).toEqual([[], [], 2])
          expect(flip).toEqual([...remove(elements("s", elem[0] ?? "")), ...add(elements("s", "11.0.0.1"))])
        },
      ),
    )
  })

  test("applied to nothing as it is written, a plan gives what was desired", () => {
    fc.assert(
      fc.property(arbitraryTrimmed, (to) => {
        const { add: first, flip, remove: last } = diff([], to)
        const written = apply([], [...first, ...flip, ...last])
        expect(withoutMerging(normalize(written))).toEqual(withoutMerging(normalize(to)))
      }),
    )
  })
})

/** nft 1.0.6 does not merge by itself what it is given as JSON; the plan sends merged intervals. */
function withoutMerging(ruleset: Ruleset): Ruleset {
  return ruleset.filter((object) => !("set" in object && object.set.name === "merged"))
}
