import * as fc from "fast-check"
import { expect, test } from "vitest"
import { encode } from "../src/encode.ts"
import type { Command } from "../src/schema.ts"

function commented(comment: string): Command {
  return { add: { table: { family: "inet", name: "t", comment } } }
}

test("whatever stands in a text, the line is one line of printable ASCII, and reads back as it was", () => {
  const anyText = fc.string({ unit: "binary" })
  fc.assert(
    fc.property(anyText, (text) => {
      const line = encode([commented(text)])
      expect(line).toMatch(/^[\x20-\x7e]*$/)
      expect(JSON.parse(line)).toEqual({ nftables: [commented(text)] })
    }),
  )
})

test("a listing is encoded like a command", () => {
  expect(encode([{ list: { table: { family: "inet", name: "é" } } }])).toBe(
    '{"nftables":[{"list":{"table":{"family":"inet","name":"\\u00e9"}}}]}',
  )
})
