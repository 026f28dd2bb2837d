import { expect, test } from "vitest"
import { print } from "../src/print.ts"
import { COMMAND_ROWS } from "./command-rows.ts"
import { add, elements, rule, set, table } from "./commands.ts"
import { EXPRESSIONS } from "./expression-rows.ts"
import { RULE_ROWS } from "./rule-rows.ts"
import { STATEMENTS } from "./statement-rows.ts"

test.for(RULE_ROWS.filter(({ text }) => text !== ""))("$text", ({ statements, text }) => {
  expect(print(add(rule("c", statements)))).toBe(`add rule inet t c ${text}\n`)
})

test("no row of the tables is without content", () => {
  const empty = Object.entries({ ...STATEMENTS, ...EXPRESSIONS }).filter(([, rows]) => rows.length === 0)
  expect(empty).toEqual([])
})

test("what has no native syntax is an error, never a silent gap", () => {
  expect(() => print(add(rule("c", [{ xt: null }])))).toThrow(/without native syntax/)
})

test.for(COMMAND_ROWS)("$text", ({ command, text }) => {
  expect(print([command])).toBe(`${text}\n`)
})

test("elements go to the next line where they would be too long, and stand below each other", () => {
  const many = set("s", { elem: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] })
  expect(print([table, many], { width: 40 })).toBe(
    [
      "table inet t {",
      "  set s {",
      "    type ipv4_addr",
      "    elements = { 10.0.0.1, 10.0.0.2,",
      "                 10.0.0.3 }",
      "  }",
      "}",
      "",
    ].join("\n"),
  )
  expect(print(add(elements("s", "10.0.0.1", "10.0.0.2", "10.0.0.3")), { width: 40 })).toBe(
    "add element inet t s {\n  10.0.0.1, 10.0.0.2, 10.0.0.3\n}\n",
  )
})
