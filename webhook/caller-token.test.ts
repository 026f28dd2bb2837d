import { expect, test } from "vitest"
import { type CallerToken, createCallerToken } from "./caller-token.ts"

const SECOND = 1_000
const HOUR = 3_600 * SECOND
const tokenIn = ({ path }: CallerToken): string => path.slice("/validate/".length)

function replica() {
  let time = 1_800_000_000 * SECOND
  const caller = createCallerToken(() => time)
  return { caller, pass: (milliseconds: number) => void (time += milliseconds) }
}

/** It has a key, and the configuration has its path. */
function serving() {
  const all = replica()
  all.caller.setKey("key")
  all.caller.seen(all.caller.path)
  return all
}

/** What it wants in the configuration gets there. */
function written({ caller }: Pick<ReturnType<typeof replica>, "caller">): string {
  expect(caller.isDue()).toBe(true)
  caller.seen(caller.path)
  expect(caller.isDue()).toBe(false)
  return tokenIn(caller)
}

test("before the first key there is no token, and none is good", () => {
  const { caller } = replica()
  expect([caller.path, caller.isDue(), caller.accepts("")]).toEqual(["", false, false])
})

test("two replicas with one key take each other's, which the API server takes in a Service's path", () => {
  const [one, other] = [serving(), serving()]
  // apimachinery IsDNS1123Subdomain, for each part.
  expect(one.caller.path).toMatch(/^\/validate\/[a-z0-9]{44}$/)
  expect(other.caller.accepts(tokenIn(one.caller))).toBe(true)
})

test.for<[string, (token: string) => string]>([
  ["nothing", () => ""],
  ["another length", (token) => token.slice(1)],
  ["another time", (token) => `f${token.slice(1)}`],
  ["another MAC", (token) => `${token.slice(0, -1)}${token.endsWith("0") ? "1" : "0"}`],
  ["capitals", (token) => token.toUpperCase()],
])("%s is no token", ([, forged]) => {
  const { caller } = serving()
  expect(caller.accepts(forged(tokenIn(caller)))).toBe(false)
})

test("what was shown when a call was broken off is good for half a minute after there is another one", () => {
  const all = serving()
  const shown = tokenIn(all.caller)
  all.caller.suspect()
  all.pass(30 * SECOND)
  const token = written(all)
  expect(token).not.toBe(shown)
  expect([shown, token].map((each) => all.caller.accepts(each))).toEqual([true, true])
  all.pass(30 * SECOND)
  expect([shown, token].map((each) => all.caller.accepts(each))).toEqual([false, true])
})

test("calls that are broken off all the time make one token in half a minute", () => {
  const all = serving()
  let tokens = 0
  for (let second = 0; second < 300; second++) {
    all.pass(SECOND)
    all.caller.suspect()
    if (!all.caller.isDue()) continue
    tokens++
    all.caller.seen(all.caller.path)
  }
  expect(tokens).toBe(10)
})

test("every hour there is another one", () => {
  const all = serving()
  const first = tokenIn(all.caller)
  all.pass(HOUR - 1)
  expect(all.caller.isDue()).toBe(false)
  all.pass(1)
  const second = written(all)
  all.pass(30 * SECOND)
  expect([first, second].map((each) => all.caller.accepts(each))).toEqual([false, true])
})

test("while the configuration cannot be written, the one that it holds stays good", () => {
  const all = serving()
  const held = tokenIn(all.caller)
  all.pass(2 * HOUR)
  expect([all.caller.isDue(), all.caller.accepts(held)]).toEqual([true, true])
})

test("a replica that starts makes another one, which the others take before they hear of it", () => {
  const [old, started] = [serving(), replica()]
  const before = tokenIn(old.caller)
  for (const each of [old, started]) each.pass(10 * 60 * SECOND)
  started.caller.setKey("key")
  // Of calls that have begun before the API server hears of the change.
  expect(started.caller.accepts(before)).toBe(true)
  const token = written(started)
  expect(old.caller.accepts(token)).toBe(true)
  old.caller.seen(started.caller.path)
  expect([old.caller.path, old.caller.isDue()]).toEqual([started.caller.path, false])
  for (const each of [old, started]) each.pass(30 * SECOND)
  expect([old, started].map(({ caller }) => caller.accepts(before))).toEqual([false, false])
})

test.for<[string, number]>([
  ["a moment after the last one was made", 1],
  ["with a clock that is behind that of the replica before", -10 * 60 * SECOND],
])("a replica that starts %s makes another one all the same, once", ([, later]) => {
  const [old, started] = [serving(), replica()]
  started.pass(later)
  started.caller.setKey("key")
  started.caller.seen(old.caller.path)
  const token = written(started)
  expect(token).not.toBe(tokenIn(old.caller))
  old.caller.seen(started.caller.path)
  expect([tokenIn(old.caller), old.caller.isDue()]).toEqual([token, false])
  // Of two that start at once, each makes one at the most.
  const newest = replica()
  newest.pass(60 * SECOND)
  newest.caller.setKey("key")
  started.caller.seen(newest.caller.path)
  expect([tokenIn(started.caller), started.caller.isDue()]).toEqual([written(newest), false])
})

test("what was in the configuration hours ago is not good for a replica that starts", () => {
  const [old, started] = [serving(), replica()]
  started.pass(2 * HOUR)
  started.caller.setKey("key")
  expect(started.caller.accepts(tokenIn(old.caller))).toBe(false)
})

test.for<[string, string]>([
  ["none", "/validate"],
  ["somebody else's", `/validate/${"0".repeat(44)}`],
])("a path in the configuration that is %s is to be written over", ([, path]) => {
  const { caller } = serving()
  const own = caller.path
  caller.seen(path)
  expect(caller.path).toBe(own)
})

test("under another key there is another token; the last key's is good until the configuration has it", () => {
  const all = serving()
  const last = tokenIn(all.caller)
  all.pass(60 * SECOND)
  all.caller.setKey("other")
  expect(all.caller.accepts(last)).toBe(true)
  written(all)
  expect(all.caller.accepts(last)).toBe(true)
  all.pass(30 * SECOND)
  expect(all.caller.accepts(last)).toBe(false)
})
