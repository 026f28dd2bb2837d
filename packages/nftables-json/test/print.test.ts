import { expect, test } from "vitest"
import { print } from "../src/print.ts"
import { COMMAND_ROWS } from "./command-rows.ts"
import { add, rule } from "./commands.ts"
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
