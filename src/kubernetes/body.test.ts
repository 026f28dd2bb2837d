import * as fc from "fast-check"
import { expect, test } from "vitest"
import { AnswerTooLargeError } from "./api-error.ts"
import { readLines, readText } from "./body.ts"

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  let from = 0
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(from, from + size)
    from += size
  }
}

async function linesOf(
  text: string,
  sizes: readonly number[] = [],
  limit = 1000,
): Promise<readonly string[]> {
  return await Array.fromAsync(readLines(chunked(Buffer.from(text), sizes), limit, "lines"))
}

test.for<[string, string, readonly string[]]>([
  ["nothing is no line", "", []],
  ["a line ends with a newline", "one\ntwo\n", ["one", "two"]],
  ["what the last newline does not end was cut off", "one\ntw", ["one"]],
  ["an empty line says nothing", "\n\none\n\n", ["one"]],
])("%s", async ([, text, lines]) => {
  expect(await linesOf(text)).toEqual(lines)
})

test("law: lines are the same however the bytes arrive", async () => {
  const cuts = fc.array(fc.nat({ max: 7 }))
  const lines = fc.array(fc.string({ minLength: 1, unit: "binary" }).filter((each) => !each.includes("\n")))
  await fc.assert(
    fc.asyncProperty(lines, cuts, fc.boolean(), async (expected, sizes, isCut) => {
      const whole = expected.map((each) => `${each}\n`).join("")
      expect(await linesOf(isCut ? `${whole}rest` : whole, sizes, 100_000)).toEqual(
        expected.map((each) => Buffer.from(each).toString("utf8")),
      )
    }),
  )
})

test("a line that is longer than the limit is not held", async () => {
  expect(await linesOf("1234567890\n", [], 10)).toEqual(["1234567890"])
  await expect(linesOf("12345678901\n", [3, 3, 3], 10)).rejects.toBeInstanceOf(AnswerTooLargeError)
  await expect(linesOf("ok\n12345678901", [3, 3, 3], 10)).rejects.toBeInstanceOf(AnswerTooLargeError)
})

test("a body that is longer than the limit is not held", async () => {
  const bytes = Buffer.from("1234567890")
  expect(await readText(chunked(bytes, [3]), 10, "a body")).toBe("1234567890")
  await expect(readText(chunked(bytes, [3]), 9, "a body")).rejects.toBeInstanceOf(AnswerTooLargeError)
})
