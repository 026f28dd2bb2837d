import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { Address } from "../../compile/address-ranges.ts"
import type { AddressBlock, PolicyIr } from "../../compile/policy-ir.ts"
import { put } from "../layered-map.ts"
import { blocksAround } from "./block-index.ts"
import { holdsAddress, readBlock } from "./blocks.ts"
import { dropUnused, forget, mention, noWords } from "./mentions.ts"
import { createState, type ModelState, stateUpon } from "./state.ts"

const family = fc.constantFrom("IPv4", "IPv6")
/** Few addresses, so that blocks lie in each other. */
const block: fc.Arbitrary<AddressBlock> = fc
  .tuple(family, fc.nat(255), fc.integer({ min: 0, max: 8 }), fc.option(fc.nat(255), { nil: undefined }))
  .map(([family, value, length, hole]) => {
    const cidrOf = (value: number, length: number) => {
      const first = value - (value % 2 ** (8 - length))
      return family === "IPv4"
        ? `10.0.0.${first}/${24 + length}`
        : `fd00::${first === 0 ? "" : first.toString(16)}/${120 + length}`
    }
    return { cidr: cidrOf(value, length), except: hole === undefined ? [] : [cidrOf(hole, 8)] }
  })
const address: fc.Arbitrary<Address> = fc
  .tuple(family, fc.nat(300))
  .map(([family, value]) =>
    family === "IPv4"
      ? { family, value: 10 * 2 ** 24 + value }
      : { family, value: (0xfd00n << 112n) + BigInt(value) },
  )

const lower = (): PolicyIr => {
  throw new Error("no policy here")
}
const words = (blocks: readonly AddressBlock[]) => ({
  labelKeys: [],
  portNames: [],
  blocks: { ingress: blocks, egress: [] },
})

/** Without an index. */
function holding(blocks: readonly AddressBlock[], address: Address): readonly string[] {
  const found = blocks.map(readBlock).filter((each) => holdsAddress(each, address))
  return [...new Set(found.map(({ text }) => text))].toSorted()
}

function found(state: ModelState, address: Address): readonly string[] {
  return blocksAround(state, address).toSorted()
}

test("law: the index finds the blocks that hold an address, each once, whenever they came and in layers too", () => {
  const some = fc.array(block, { maxLength: 90 })
  fc.assert(
    fc.property(
      some,
      some,
      some,
      fc.array(address, { minLength: 1, maxLength: 20 }),
      (first, then, tried, asked) => {
        const state = createState({ lower, enforcement: "enforce", podRanges: [] })
        mention(state, words(first), noWords())
        for (const each of asked) expect(found(state, each)).toEqual(holding(first, each))
        mention(state, words(then), noWords())
        const upon = stateUpon(state)
        mention(upon, words(tried), noWords())
        for (const each of asked) {
          expect(found(upon, each)).toEqual(holding([...first, ...then, ...tried], each))
          expect(found(state, each)).toEqual(holding([...first, ...then], each))
        }
      },
    ),
  )
})

test("blocks that nobody mentions any more go when they are many", () => {
  const state = createState({ lower, enforcement: "enforce", podRanges: [] })
  const blocks = Array.from({ length: 300 }, (_, i) => ({ cidr: `10.${i >> 8}.${i & 255}.0/24`, except: [] }))
  const kept = [{ cidr: "10.0.0.0/8", except: [] }]
  mention(state, words([...blocks, ...kept]), noWords())
  const asked: Address = { family: "IPv4", value: 10 * 2 ** 24 + 7 }
  expect(found(state, asked)).toEqual(holding([...blocks, ...kept], asked))
  forget(state, words(blocks.slice(0, 200)))
  expect(dropUnused(state)).toBe(false)
  forget(state, words(blocks.slice(200)))
  put(state.labelKeys, "app", 0)
  expect(dropUnused(state)).toBe(true)
  expect([state.blocks.size, state.labelKeys.size, state.unusedWords]).toEqual([1, 0, 0])
  expect(found(state, asked)).toEqual(holding(kept, asked))
})
