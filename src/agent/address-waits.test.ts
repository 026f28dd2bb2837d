// How long pods' addresses have waited.

import { expect, test } from "vitest"
import { type Attached, createAddressWaits } from "./address-waits.ts"

function waits() {
  const clock = { now: 1_000 }
  const made = createAddressWaits(clock.now, () => clock.now)
  const come = (...attached: readonly (readonly [string, Attached])[]): void => made.come(new Map(attached))
  const settle = (...judged: readonly string[]): readonly number[] =>
    made.settle((address, uid) => judged.includes(`${address} ${uid}`))
  return { clock, come, settle }
}

const attached = (address: string, uid: string, since: number) => [address, { uid, since }] as const

test("an address waits from its result until it is judged as its pod's, once", () => {
  const { clock, come, settle } = waits()
  come(attached("10.0.0.1", "a", 1_100), attached("10.0.0.2", "b", 1_150))
  clock.now = 1_200
  expect(settle("10.0.0.1 other")).toEqual([])
  expect(settle("10.0.0.1 a")).toEqual([100])
  clock.now = 1_300
  expect(settle("10.0.0.1 a", "10.0.0.2 b")).toEqual([150])
  come(attached("10.0.0.1", "a", 1_100))
  expect(settle("10.0.0.1 a")).toEqual([])
})

test("another pod under the same address waits anew", () => {
  const { clock, come, settle } = waits()
  come(attached("10.0.0.1", "a", 1_100))
  come(attached("10.0.0.1", "b", 1_400))
  clock.now = 1_450
  expect(settle("10.0.0.1 a", "10.0.0.1 b")).toEqual([50])
})

test("a pod that is gone waits no more, and one of before the agent never did", () => {
  const { come, settle } = waits()
  come(attached("10.0.0.1", "a", 1_100), attached("10.0.0.2", "old", 999))
  come(attached("10.0.0.2", "old", 999))
  expect(settle("10.0.0.1 a", "10.0.0.2 old")).toEqual([])
})
