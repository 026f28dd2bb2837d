import * as fc from "fast-check"
import { expect, test } from "vitest"
import { createFake } from "../src/fake.ts"
import { brokenAt } from "../src/json-position.ts"
import { ParseError, parse, toJson } from "../src/parse.ts"
import type { Transaction } from "../src/schema.ts"
import { add, chain, elements, set, table } from "./commands.ts"
import { designRuleset } from "./design-ruleset.ts"

test("parse of a listing and back to text loses nothing", async () => {
  const fake = createFake()
  const sorted = ["table", "chain", "set", "map", "rule"].flatMap((kind) =>
    designRuleset.filter((each) => kind in each),
  )
  await fake.run(add(...sorted))
  const text = JSON.stringify({ nftables: await fake.list() })
  expect(JSON.stringify({ nftables: parse(text) })).toBe(text)
})

test("objects, statements and fields that only a newer nft knows are kept", () => {
  const text = '{"nftables":[{"tunnel":{"id":5}},{"table":{"family":"inet","name":"t","owner":"x"}}]}'
  expect(JSON.stringify({ nftables: parse(text) })).toBe(text)
})

test.for<[string, string, string]>([
  ["no object", "[]", "nftables"],
  ["no list", '{"nftables":5}', "nftables"],
  ["an entry that is no object", '{"nftables":[{"table":{"family":"inet","name":"t"}},5]}', "nftables[1]"],
  ["an entry with two kinds", '{"nftables":[{"table":{},"chain":{}}]}', "nftables[0]"],
  ["an object that is none", '{"nftables":[{"table":5}]}', "nftables[0].table"],
  ["a table without name", '{"nftables":[{"table":{"family":"inet"}}]}', "nftables[0].table.name"],
  [
    "a family that is none",
    '{"nftables":[{"table":{"family":"ipx","name":"t"}}]}',
    "nftables[0].table.family",
  ],
  [
    "a chain without table",
    '{"nftables":[{"chain":{"family":"inet","name":"c"}}]}',
    "nftables[0].chain.table",
  ],
  [
    "a rule without statements",
    '{"nftables":[{"rule":{"family":"inet","table":"t","chain":"c"}}]}',
    "nftables[0].rule.expr",
  ],
  [
    "elements that are no list",
    '{"nftables":[{"set":{"family":"inet","table":"t","name":"s","type":"mark","elem":5}}]}',
    "nftables[0].set.elem",
  ],
  [
    "a handle that is no number",
    '{"nftables":[{"chain":{"family":"inet","table":"t","name":"c","handle":"5"}}]}',
    "nftables[0].chain.handle",
  ],
])("%s is refused with its place", ([, text, path]) => {
  expect(() => parse(text)).toThrow(ParseError)
  expect(() => parse(text)).toThrow(expect.objectContaining({ path }))
})

test.for<[string, string, number]>([
  ["a bracket that closes another", '{"nftables":[}', 13],
  ["a brace that closes a bracket", '{"a":[1}', 7],
  ["a text that ends too soon", '{"nftables":[', 13],
  ["nothing", "", 0],
  ["a word", '{"nftables": nope}', 13],
  ["a missing comma", '{"nftables":[1 2]}', 15],
  ["a comma too many", '{"nftables":[1,]}', 15],
  ["a missing colon", '{"nftables" []}', 12],
  ["a key that is none", "{5:1}", 1],
  ["a second value", "{} {}", 3],
  ["a broken escape", '{"a":"\\x"}', 5],
  ["a number that is none", '{"a":01}', 6],
])("%s is refused with its position", ([, text, position]) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ position }))
})

test("every text that is cut short is broken at its end, or where the token that was cut begins", () => {
  const text = JSON.stringify({ nftables: [{ table: { family: "inet", name: "a b", handle: 15 } }] })
  for (let length = 0; length < text.length; length += 1) {
    const cut = brokenAt(text.slice(0, length))
    expect(cut).toBeLessThanOrEqual(length)
    expect(text.slice(cut, length)).toMatch(/^("[^"]*)?$/)
  }
})

// Every code unit, halves of surrogate pairs too.
const codeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))

test("a transaction is one line of ASCII whatever is in it, and reads back the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: codeUnit }), (comment) => {
      const transaction: Transaction = add(table, chain("c", { comment }), set("s"), elements("s", comment))
      const line = toJson(transaction)
      expect(line).toMatch(/^[\x20-\x7e]*$/)
      expect(JSON.parse(line)).toEqual({ nftables: transaction })
    }),
  )
})
