import { expect, test } from "vitest"
import { Patience } from "./patience.ts"

test("a stream that was silent to its end asks for the list, a shorter one does not", () => {
  const patience = new Patience(1_000)
  expect([patience.isOver(500), patience.isOver(500)]).toEqual([false, true])
})

test("what is heard begins the time anew", () => {
  const patience = new Patience(1_000)
  expect(patience.isOver(800)).toBe(false)
  patience.heard()
  expect(patience.isOver(800)).toBe(false)
})

test("lists without a difference become seldom, up to a limit; one with a difference, or a word, does not", () => {
  const patience = new Patience(1_000)
  const silences = (): number => {
    for (let count = 1; ; count++) if (patience.isOver(1_000)) return count
  }
  const counts = Array.from({ length: 7 }, () => {
    const count = silences()
    patience.listed(0)
    return count
  })
  expect(counts).toEqual([1, 2, 4, 8, 15, 15, 15])
  silences()
  patience.listed(1)
  expect(silences()).toBe(1)
  patience.listed(0)
  patience.heard()
  expect(silences()).toBe(1)
})
