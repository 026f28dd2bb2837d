import { describe, expect, test } from "vitest"
import type { ImpactReport } from "../src/api/impact-report.ts"
import { quietReport } from "../test/impact-report.ts"
import { createReportStore } from "./reports.ts"

function reportOf(key: string, notes: readonly string[] = []): ImpactReport {
  return quietReport(key, { subject: null, notes: [...notes] })
}

test("a report is kept for as long as is said", () => {
  let time = 0
  const store = createReportStore({ now: () => time, limits: { milliseconds: 1_000 } })
  store.put(reportOf("aaaa"))
  time = 999
  expect(store.local("aaaa")).toEqual(reportOf("aaaa"))
  time = 1_000
  expect(store.local("aaaa")).toBeUndefined()
  expect(store.size).toBe(0)
})

test("of too many the oldest goes, and one that is made again is new", () => {
  const store = createReportStore({ limits: { reports: 2 } })
  for (const key of ["aaaa", "bbbb", "aaaa", "cccc"]) store.put(reportOf(key))
  expect([store.local("aaaa")?.key, store.local("bbbb")?.key, store.local("cccc")?.key]).toEqual([
    "aaaa",
    undefined,
    "cccc",
  ])
})

test("large ones have no more room than is said, whatever their number", () => {
  const store = createReportStore({ limits: { bytes: 10_000 } })
  for (let i = 0; i < 100; i++) store.put(reportOf(`key${i}`, ["x".repeat(1_000)]))
  expect(store.size).toBeGreaterThan(0)
  expect(store.size).toBeLessThan(5)
  store.put(reportOf("huge", ["x".repeat(100_000)]))
  expect(store.size).toBe(0)
})

test("who reads a report cannot change it", () => {
  const store = createReportStore()
  store.put(reportOf("aaaa"))
  expect(store.local("aaaa")).not.toBe(store.local("aaaa"))
})

describe("a report that this replica does not have", () => {
  test.for<[string, string, number]>([
    ["is asked for elsewhere", "bbbb", 1],
    ["is not where this one has it", "aaaa", 0],
    ["is not where its key is none", "../secrets", 0],
    ["is not where its key is too long", "a".repeat(65), 0],
  ])("%s", async ([, key, times]) => {
    const asked: string[] = []
    const elsewhere = async (wanted: string) => {
      asked.push(wanted)
      return reportOf(wanted)
    }
    const store = createReportStore({ elsewhere })
    store.put(reportOf("aaaa"))
    await store.get(key)
    expect(asked).toHaveLength(times)
  })
})
