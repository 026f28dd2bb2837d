import { expect, test } from "vitest"
import { AnswerTooLargeError, ApiError, ConnectionError } from "./api-error.ts"
import { Attempts, isWatchListRefusal } from "./attempts.ts"
import { defaultRetryTiming, retryDelay } from "./retry-delay.ts"

const silence = new ConnectionError("a watch", new Error("reset"))
const busy = new ApiError(429, "busy", { retryAfterSeconds: 7 })
const refused = new ApiError(503, "refused")
const expired = new ApiError(410, "too old", { reason: "Expired" })
const missing = new ApiError(404, "not found")

test.for<[string, Error, number, number, number]>([
  ["the first time, soon", silence, 1, 100, 200],
  ["then twice as long each time", silence, 4, 800, 1_600],
  ["a server that does not answer is asked every few seconds", silence, 40, 2_500, 5_000],
  ["a server that refuses is left alone longer", refused, 40, 15_000, 30_000],
  ["what the server asks for is the least", busy, 1, 7_000, 8_750],
  [
    "a server cannot ask for hours",
    new ApiError(429, "", { retryAfterSeconds: 86_400 }),
    1,
    120_000,
    150_000,
  ],
  ["a kind that is not installed is looked for every now and then", missing, 1, 10_000, 15_000],
])("delay: %s", ([, error, failures, least, most]) => {
  const delay = (random: number): number => retryDelay(error, { failures, random }, defaultRetryTiming)
  expect([delay(0), delay(1)]).toEqual([least, most])
})

function attempts(): Attempts {
  return new Attempts({ timing: defaultRetryTiming, pageSize: 500, watchList: true })
}

test("a version that is too old costs no delay, unless it is too old again", () => {
  const made = attempts()
  expect(made.watchFailed(expired)).toBe(true)
  expect(made.delay(expired)).toBe(0)
  made.listed()
  expect(made.watchFailed(expired)).toBe(true)
  expect(made.delay(expired)).toBeGreaterThan(0)
})

test("a stream that has brought something ends the series of failures", () => {
  const made = attempts()
  for (let i = 0; i < 10; i++) made.watchFailed(silence)
  expect(made.delay(silence)).toBeGreaterThan(2_000)
  made.streamed()
  made.watchFailed(silence)
  expect(made.delay(silence)).toBeLessThanOrEqual(200)
})

test("an answer, though an error, ends the series of silences", () => {
  const made = attempts()
  for (let i = 0; i < 10; i++) made.watchFailed(silence)
  made.watchFailed(refused)
  expect(made.delay(refused)).toBeLessThanOrEqual(200)
})

test("silence does not make a version untrue, repeated refusals do", () => {
  const made = attempts()
  expect(Array.from({ length: 20 }, () => made.watchFailed(silence))).not.toContain(true)
  expect(Array.from({ length: 5 }, () => made.watchFailed(refused))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ])
})

test("a kind is gone when it was missed three times in a row", () => {
  const made = attempts()
  expect([made.missed(), made.missed()]).toEqual([false, false])
  made.listed()
  expect([made.missed(), made.missed(), made.missed()]).toEqual([false, false, true])
})

test("after WatchList has failed, the list is read in pages, and WatchList is asked for next time", () => {
  const made = attempts()
  made.listFailed(silence)
  expect(made.usesWatchList).toBe(false)
  made.listed()
  expect(made.usesWatchList).toBe(true)
  made.refuseWatchList()
  made.listed()
  expect(made.usesWatchList).toBe(false)
})

test("pages shrink when they are too large, and grow when they expire", () => {
  const made = attempts()
  made.refuseWatchList()
  made.listFailed(new AnswerTooLargeError("a page", 1))
  expect(made.pageSize).toBe(125)
  for (let i = 0; i < 9; i++) made.listFailed(new AnswerTooLargeError("a page", 1))
  expect(made.pageSize).toBe(1)
  made.listFailed(expired)
  expect(made.pageSize).toBe(4)
})

test.for<[string, Error, boolean]>([
  ["a server that does not know its parameters", new ApiError(422, "sendInitialEvents is forbidden"), true],
  ["etcd 3.4", new ApiError(500, "the required storage feature RequestWatchProgress is disabled"), true],
  ["a server that fails", new ApiError(500, "no leader"), false],
  ["a server that is busy", busy, false],
  ["no server", silence, false],
])("WatchList is refused by %s: %s", ([, error, isRefusal]) => {
  expect(isWatchListRefusal(error)).toBe(isRefusal)
})
