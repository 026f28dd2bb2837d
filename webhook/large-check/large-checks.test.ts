// A large policy is checked beside the event loop: with the same answer, and others have their turn meanwhile.

import { describe, expect, test } from "vitest"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { networkPolicy } from "../../test/snapshots.ts"
import { createAdmission } from "../admission/admission.ts"
import { checkPolicy } from "../admission/checked.ts"
import { answer } from "../admission/test-answer.ts"
import { fakeAnalyst, policy, reviewText } from "../admission/test-reviews.ts"
import { readReview } from "../review.ts"
import { createTurns } from "../turns.ts"
import { createLargeChecks } from "./large-checks.ts"

const times = <T>(count: number, make: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => make(i))
const MANY = 20_000
const rules = times(MANY, () => ({}))
const wrong = times(MANY, (i) =>
  i % 2 === 0 ? [] : { from: [{ podSelector: { matchLabels: { "-": "-" } } }] },
)
const hostBits = times(MANY, () => ({ from: [{ ipBlock: { cidr: "10.0.0.1/8" } }] }))

test.for<[string, PolicyObject]>([
  ["right", networkPolicy("a", { podSelector: {}, ingress: rules })],
  ["wrong in every rule", networkPolicy("a", { podSelector: {}, ingress: wrong })],
  ["odd in every rule", networkPolicy("a", { podSelector: {}, ingress: hostBits })],
  ["no object", networkPolicy("a", "spec")],
])("what is told of a policy that is %s is what is told without a thread", async ([, object]) => {
  expect(await createLargeChecks().check(object)).toEqual(checkPolicy(object))
})

test("while it is checked the event loop turns", async () => {
  let turns = 0
  let isDone = false
  const tick = (): void => {
    turns += 1
    if (!isDone) setImmediate(tick)
  }
  setImmediate(tick)
  await createLargeChecks().check(networkPolicy("a", { podSelector: {}, ingress: wrong }))
  isDone = true
  // Without a thread: once or twice.
  expect(turns).toBeGreaterThan(20)
})

test("several are answered in the order of asking, each with its own answer", async () => {
  const checks = createLargeChecks()
  const [first, second, third] = await Promise.all([
    checks.check(networkPolicy("a", { podSelector: {}, ingress: wrong })),
    checks.check(networkPolicy("b", { podSelector: {} })),
    checks.check(networkPolicy("c", { podSelector: {}, ingress: [{ ports: [{ port: 0 }] }] })),
  ])
  expect(first.mistakes).toMatch(/^20000 mistakes:|^\d+ mistakes:/)
  expect(second.mistakes).toBe("")
  expect(third.mistakes).toMatch(/^spec\.ingress\[0\]\.ports\[0\]\.port/)
  // A thread that has ended is begun anew.
  expect((await checks.check(networkPolicy("d", { podSelector: {} }))).mistakes).toBe("")
})

test("a thread that cannot be is an error for everybody who waits, and not for who asks later", async () => {
  const checks = createLargeChecks(new URL("./no-such-thread.ts", import.meta.url))
  const object = networkPolicy("a", { podSelector: {} })
  const asked = await Promise.allSettled([checks.check(object), checks.check(object)])
  expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"])
  await expect(checks.check(object)).rejects.toThrow("no-such-thread")
})

describe("a review of a large policy", () => {
  const large = { object: policy({ podSelector: {}, ingress: wrong }) }
  const refusing = { check: async () => ({ mistakes: "wrong", findings: [] }) }

  test("is refused for what the thread finds", async () => {
    expect((await answer(large, { large: refusing })).refusal).toEqual({
      reason: "Invalid",
      message: "wrong",
    })
    expect((await answer({}, { large: refusing })).refusal).toBeUndefined()
  })

  test("does not keep another one waiting", async () => {
    const checked = Promise.withResolvers<{ readonly mistakes: string; readonly findings: readonly [] }>()
    const options = { large: { check: () => checked.promise } }
    const first = answer(large, options)
    expect((await answer({}, options)).allowed).toBe(true)
    checked.resolve({ mistakes: "", findings: [] })
    expect((await first).allowed).toBe(true)
  })

  test("of which somebody else than the API server asks is not checked: it would keep others waiting", async () => {
    const admit = createAdmission({
      analyst: fakeAnalyst(),
      access: { namesFor: async () => () => true, may: async () => true },
      turns: createTurns(),
      keep: () => undefined,
      budgetMs: 60_000,
      large: refusing,
    })
    const read = readReview(JSON.parse(reviewText(large)))
    if (!read.ok) throw new Error(read.mistake)
    const { allowed, warnings } = await admit(read.review, { at: performance.now(), isTrusted: false })
    expect([allowed, warnings]).toEqual([
      true,
      [expect.stringMatching(/^analysis skipped: who asks is not known/)],
    ])
  })

  test("whose spec stays as it was is not checked", async () => {
    const kept = { ...large, operation: "UPDATE", oldObject: large.object }
    expect((await answer(kept, { large: refusing })).allowed).toBe(true)
  })
})
