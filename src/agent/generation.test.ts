// The generation's constants in rules, and the choice of the next number.

import * as fc from "fast-check"
import type { Rule, Ruleset, Statement } from "nftables-json/schema"
import { describe, expect, test } from "vitest"
import type { Conntrack } from "./conntrack.ts"
import {
  checkMask,
  DEFAULT_MASK,
  generationIn,
  lastNumber,
  markOf,
  numberIn,
  withGeneration,
} from "./generation.ts"
import { createGenerationClock, refuseForeignMarks } from "./generation-clock.ts"

const rule = (comment: string, expr: readonly Statement[]): { readonly rule: Rule } => ({
  rule: { family: "inet", table: "postern", chain: "forward", comment, expr },
})
const mark = { ct: { key: "mark" } }
const accepts = (mask: number, value: number): Statement => ({
  match: { op: "==", left: { "&": [mark, mask] }, right: value },
})
const stamps = (kept: number, value: number): Statement => ({
  mangle: { key: mark, value: { "|": [{ "&": [mark, kept] }, value] } },
})

describe("rules", () => {
  test.for<[string, Ruleset[number], Ruleset[number]]>([
    [
      "the rule that lets connections pass compares with the number",
      rule("generation", [accepts(0xff000000, 0x01000000), { accept: null }]),
      rule("generation", [accepts(0x0ff00000, 0x00700000), { accept: null }]),
    ],
    [
      "the rule that stamps keeps the bits of others",
      rule("generation", [stamps(0x00ffffff, 0x01000000), { accept: null }]),
      rule("generation", [stamps(0xf00fffff, 0x00700000), { accept: null }]),
    ],
    [
      "a denied connection gets all bits of the mask",
      rule("denied", [stamps(0x00ffffff, 0xff000000)]),
      rule("denied", [stamps(0xf00fffff, 0x0ff00000)]),
    ],
    [
      "what nft 1.0.6 lists as a prefix is recognised",
      rule("generation", [
        { match: { op: "==", left: mark, right: { prefix: { addr: 0x01000000, len: 8 } } } },
      ]),
      rule("generation", [accepts(0x0ff00000, 0x00700000)]),
    ],
    ["other rules on marks stay", rule("of others", [accepts(1, 1)]), rule("of others", [accepts(1, 1)])],
  ])("%s", ([, source, expected]) => {
    expect(withGeneration([source], { number: 7, mask: 0x0ff00000 })).toEqual([expected])
  })

  test("what was written is read back, for every number and mask", () => {
    const masks = fc
      .tuple(fc.integer({ min: 2, max: 16 }), fc.integer({ min: 0, max: 16 }))
      .map(([bits, shift]) => (2 ** bits - 1) * 2 ** shift)
    fc.assert(
      fc.property(masks, fc.nat(), (mask, seed) => {
        checkMask(mask)
        const number = (seed % lastNumber(mask)) + 1
        const generation = { number, mask }
        const written = withGeneration([rule("generation", [accepts(0, 0)])], generation)
        expect(generationIn(written, mask)).toBe(number)
        expect(numberIn(markOf(generation), mask)).toBe(number)
        expect(markOf(generation)).not.toBe(mask)
      }),
    )
  })

  test.for<[string, number]>([
    ["bits apart", 0xff00ff00],
    ["one bit has no number beside 0 and denied", 0x80000000],
    ["nothing", 0],
    ["more than 32 bits", 0xff00000000],
  ])("a mask is refused: %s", ([, mask]) => {
    expect(() => checkMask(mask)).toThrow(expect.objectContaining({ code: "mask-invalid" }))
  })
})

/** Connections that carry the marks; of those in `kept` nothing can be taken away (ICMP). */
function conntrackWith(
  marks: number[],
  kept: readonly number[] = [],
): Conntrack & { readonly deleted: number[] } {
  const deleted: number[] = []
  let carried = marks
  return {
    deleted,
    marks: async () => carried,
    deleteMarked: async (mark) => {
      deleted.push(mark)
    },
    unmark: async (mask) => {
      carried = carried.map((mark) => (kept.includes(mark) ? mark : (mark & ~mask) >>> 0))
    },
    deleteDenied: () => Promise.resolve(),
    forget: () => Promise.resolve(),
  }
}

describe("the next generation", () => {
  const mask = 0x7
  const numbers = async (count: number, conntrack: Conntrack, current = 1): Promise<readonly number[]> => {
    const clock = createGenerationClock(mask, conntrack)
    clock.found(current)
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      const next = await clock.next()
      clock.commit(next)
      found.push(next.number)
    }
    return found
  }

  test("0 and denied are never used, and numbers go round", async () => {
    expect(await numbers(8, conntrackWith([]))).toEqual([2, 3, 4, 5, 6, 1, 2, 3])
  })
  test("a number that a connection carries is left out", async () => {
    expect(await numbers(3, conntrackWith([2, 4, 0x18 + 5]))).toEqual([3, 6, 1])
  })
  test("where none is free connections lose their numbers and are judged once more: idle ones live on", async () => {
    const conntrack = conntrackWith([1, 2, 3, 4, 5, 6])
    expect(await numbers(7, conntrack, 4)).toEqual([5, 6, 1, 2, 3, 4, 5])
    expect(conntrack.deleted).toEqual([])
  })
  test("where that frees none the oldest number's connections are deleted", async () => {
    const all = [1, 2, 3, 4, 5, 6]
    const conntrack = conntrackWith(all, all)
    expect(await numbers(2, conntrack, 4)).toEqual([5, 6])
    expect(conntrack.deleted).toEqual([5, 6])
  })
  test("a number taken and not put in force is offered again", async () => {
    const clock = createGenerationClock(mask, conntrackWith([]))
    clock.found(3)
    expect([await clock.next(), await clock.next()]).toEqual([
      { number: 4, mask },
      { number: 4, mask },
    ])
  })
  test("bits that foreign connections carry are refused before first use", async () => {
    await expect(refuseForeignMarks(0xff000000, conntrackWith([0x80, 0x01000000]))).rejects.toThrow(
      expect.objectContaining({ code: "mask-in-use", message: expect.stringContaining("0x01000000") }),
    )
    await expect(refuseForeignMarks(DEFAULT_MASK, conntrackWith([0x80, 0xff0000]))).resolves.toBeUndefined()
  })
})
