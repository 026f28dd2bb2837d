import { describe, expect, test } from "vitest"
import { centred, count, cut, duration, folded, padded, width, wrapped } from "./text-layout.ts"

const red = (text: string) => `\u001b[31m${text}\u001b[0m`

describe("text on a terminal", () => {
  test.for<[string, unknown, unknown]>([
    ["colours take no columns", width(red("abc")), 3],
    ["a character outside the basic plane takes one", width("a𝄞b"), 3],
    ["padding counts columns", padded(red("ab"), 4), `${red("ab")}  `],
    ["text that is too long is not padded", padded("abcde", 4), "abcde"],
    ["an odd column goes to the right", centred("ab", 5), " ab  "],
    ["what is cut ends in an ellipsis", cut("abcdef", 4), "abc…"],
    ["what fits is not cut", cut("abcd", 4), "abcd"],
    ["a long line breaks at a space and goes on further in", wrapped("  aa bb cc", 8), ["  aa bb", "    cc"]],
    ["a word longer than the line stands alone", wrapped("a bbbbbbbb c", 4), ["a", "  bbbbbbbb", "  c"]],
    ["colours do not break a line", wrapped(`${red("aaaa")} bb`, 7), [`${red("aaaa")} bb`]],
    ["an empty line stays one", wrapped("", 10), [""]],
    [
      "only lines that are too long are broken",
      folded("  aa  bb\n\n  aa bb cc\n", 8),
      "  aa  bb\n\n  aa bb\n    cc\n",
    ],
    ["one is singular", count(1, "policy", "policies"), "1 policy"],
    ["thousands are grouped", count(1234, "connection"), "1,234 connections"],
    ["less than a second is in milliseconds", duration(999.4), "999 ms"],
    ["more is in seconds", duration(1234), "1.2 s"],
  ])("%s", ([, actual, expected]) => {
    expect(actual).toStrictEqual(expected)
  })
})
