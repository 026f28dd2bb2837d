// Order, rate and retries of writes, on a clock that the test moves.

import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { createWriteQueue, type WriteOutcome, type WriteQueueOptions } from "./write-queue.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

interface Written {
  readonly key: string
  readonly at: number
}

function queueOf(options: Partial<WriteQueueOptions> = {}) {
  const written: Written[] = []
  const begin = performance.now()
  const queue = createWriteQueue({
    rate: 10,
    burst: 10,
    concurrency: 1,
    gatherMs: 200,
    write: async (key): Promise<WriteOutcome> => {
      written.push({ key, at: performance.now() - begin })
      return { requests: 1 }
    },
    onError: () => undefined,
    ...options,
  })
  queue.setPaused(false)
  return { queue, written, keys: () => written.map(({ key }) => key) }
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

test("what is touched again and again is written once, and not put off by it", async () => {
  const { queue, written } = queueOf()
  for (let i = 0; i < 10; i++) {
    queue.touch("a")
    await pass(20)
  }
  await pass(1_000)
  expect(written).toEqual([{ key: "a", at: 200 }])
})

test("requests keep to the rate, whatever they cost", async () => {
  const times: number[] = []
  const { queue } = queueOf({
    write: async () => {
      times.push(performance.now())
      return { requests: 2 }
    },
  })
  for (let i = 0; i < 200; i++) queue.touch(`policy-${i}`)
  await pass(10_200)
  // 10 at once and 10 a second, two for each.
  expect(times.length).toBeGreaterThanOrEqual(50)
  expect(times.length).toBeLessThanOrEqual(57)
})

test("what needs no write costs nothing", async () => {
  let asked = 0
  const { queue } = queueOf({
    write: async () => {
      asked++
      return { requests: 0 }
    },
  })
  for (let i = 0; i < 1_000; i++) queue.touch(`policy-${i}`)
  // At 10 a second they would take more than a minute and a half.
  await pass(5_000)
  expect(asked).toBe(1_000)
})

test("the newest is written first, and the oldest has its turn", async () => {
  const { queue, keys } = queueOf({ burst: 1, rate: 10 })
  for (let i = 0; i < 20; i++) queue.touch(`${i}`)
  await pass(900)
  expect(keys()).toEqual(["19", "18", "17", "0", "16", "15", "14", "1"])
})

test("nothing is written while paused, and nothing of it is lost", async () => {
  const { queue, keys } = queueOf()
  queue.setPaused(true)
  queue.touch("a")
  await pass(5_000)
  expect(keys()).toEqual([])
  queue.setPaused(false)
  await pass(1)
  expect(keys()).toEqual(["a"])
})

test("a write that fails is tried again later and later, not sooner for news", async () => {
  const attempts: number[] = []
  const { queue } = queueOf({
    write: async () => {
      attempts.push(performance.now())
      throw new Error("no")
    },
    retryAfter: (_, attempt) => 1_000 * 2 ** attempt,
  })
  const begin = performance.now()
  queue.touch("a")
  await pass(250)
  queue.touch("a")
  await pass(7_950)
  expect(attempts.map((at) => at - begin)).toEqual([200, 1_200, 3_200, 7_200])
})

test("an object that wants to be asked again is", async () => {
  const outcomes: WriteOutcome[] = [{ requests: 0, again: 3_000 }]
  const times: number[] = []
  const { queue } = queueOf({
    write: async () => {
      times.push(performance.now())
      return outcomes.pop() ?? { requests: 0 }
    },
  })
  const begin = performance.now()
  queue.touch("a")
  await pass(10_000)
  expect(times.map((at) => at - begin)).toEqual([200, 3_200])
})

test("one object is not written twice at the same time", async () => {
  let underWay = 0
  let most = 0
  const { queue } = queueOf({
    concurrency: 4,
    gatherMs: 0,
    write: async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 100))
      underWay--
      return { requests: 1 }
    },
  })
  for (let i = 0; i < 20; i++) {
    queue.touch("a")
    await pass(30)
  }
  expect(most).toBe(1)
})
