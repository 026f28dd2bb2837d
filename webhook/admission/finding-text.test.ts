import { expect, test } from "vitest"
import { codes } from "../../src/api/codes.ts"
import { diagnostic } from "../../src/api/report.ts"
import { mistakesText, refusalText, warningLines } from "./finding-text.ts"

const long = "no pod of namespace shop has app=Web: this peer matches nobody; Pod web-1 has app=web"

test.for<[string, string, string, number, readonly string[]]>([
  ["one that fits is one line", "spec", "selects no pod", 120, ["spec: selects no pod (PNP0421)"]],
  ["the whole object has no path", "", "selects no pod", 120, ["selects no pod (PNP0421)"]],
  [
    "a long one goes on behind a clause",
    "spec.ingress[0].from[0]",
    long,
    110,
    [
      "spec.ingress[0].from[0]: no pod of namespace shop has app=Web: this peer matches nobody; (PNP0421)",
      "… Pod web-1 has app=web (PNP0421)",
    ],
  ],
  [
    "or behind a word",
    "",
    "some words that go on and on",
    30,
    ["some words that go (PNP0421)", "… on and on (PNP0421)"],
  ],
  [
    "or where there is room no more",
    "",
    "x".repeat(100),
    30,
    [`${"x".repeat(20)} (PNP0421)`, `… ${"x".repeat(18)} (PNP0421)`, `… ${"x".repeat(17)}… (PNP0421)`],
  ],
  ["control characters are not printed", "", "a\nb\u202ec", 120, ["a\ufffdb\ufffdc (PNP0421)"]],
])("a warning: %s", ([, path, message, most, expected]) => {
  expect(warningLines({ code: "PNP0421", path, message }, most)).toEqual(expected)
})

test("a refusal says what there is to do, once", () => {
  const refusals = ["spec.ports[0]", "spec.ports[1]"].map((path) =>
    diagnostic("breaksAssertion", { assertion: "ConnectivityAssertion shop/a", path }),
  )
  expect(refusalText(refusals)).toBe(
    "ConnectivityAssertion shop/a holds now and would fail (spec.ports[0]) (PNP0501)\n" +
      "  ConnectivityAssertion shop/a holds now and would fail (spec.ports[1]) (PNP0501)\n" +
      `  ${codes.breaksAssertion.remedy}`,
  )
})

test("twenty mistakes are listed, and how many there are", () => {
  const mistakes = Array.from({ length: 25 }, (_, i) => ({
    code: "PNP0210",
    severity: "error" as const,
    message: "wrong",
    path: ["spec", "ingress", i],
  }))
  const lines = mistakesText(mistakes).split("\n")
  expect([lines[0], lines[1], lines.length, lines.at(-1)]).toEqual([
    "25 mistakes:",
    "  spec.ingress[0]: wrong (PNP0210)",
    22,
    "  and 5 more",
  ])
})
