// Whether an agent is alive, and its node ready.

import { describe, expect, test, vi } from "vitest"
import { enforcerStatus } from "../../../test/agent/enforcer-status.ts"
import type { EnforcerStatus } from "../status.ts"
import { createLiveness } from "./liveness.ts"
import { createLag, readinessFailure } from "./readiness.ts"

describe("readiness", () => {
  test.for<[string, Partial<EnforcerStatus>, { startError?: string; behindMs?: number }, string]>([
    ["the wanted revision is in force", {}, {}, ""],
    ["another is in force, for a moment", { revision: 4 }, { behindMs: 1_000 }, ""],
    [
      "another is in force, for long",
      { revision: 4, error: "nft: no" },
      { behindMs: 31_000 },
      "not 5: nft: no",
    ],
    ["none is in force", { revision: undefined, error: "nft: no" }, {}, "nft: no"],
    [
      "there never was a program",
      { wanted: undefined, revision: undefined },
      {},
      "no program yet; no stream",
    ],
    ["there is what a reboot has left", { wanted: 0, revision: 0 }, {}, "no controller has said"],
    ["the enforcer has not started", {}, { startError: "nft is missing" }, "nft is missing"],
  ])("%s", ([, rest, { startError = "", behindMs = 0 }, expected]) => {
    const failure = readinessFailure({
      status: enforcerStatus(rest),
      startError,
      stream: "no stream",
      behindMs,
    })
    expect([failure === "", failure]).toEqual([expected === "", expect.stringContaining(expected)])
  })

  test("the lag is the time since the wanted revision was last in force", () => {
    let now = 0
    const lag = createLag(() => now)
    const at = (milliseconds: number, rest: Partial<EnforcerStatus>): number => {
      now = milliseconds
      return lag.measure(enforcerStatus(rest))
    }
    expect([
      at(0, {}),
      at(10, { wanted: 6 }),
      at(30, { wanted: 7 }),
      at(40, { wanted: 7, revision: 7 }),
    ]).toEqual([0, 0, 20, 0])
  })
})

describe("liveness", () => {
  const nft = (list: () => Promise<[]>) => ({
    run: async () => undefined,
    list,
    close: async () => undefined,
  })
  test("an answer of nft is life, a refusal is told", async () => {
    let now = 0
    const well = createLiveness({ nft: nft(async () => []), now: () => now })
    now = 100_000
    expect(await well.failure()).toBe("")
    const ill = createLiveness({ nft: nft(() => Promise.reject(new Error("no right"))), now: () => now })
    expect(await ill.failure()).toBe("no right")
  })
  test("a question that is not answered is a fault after a minute, and asked once", async () => {
    let now = 0
    const list = vi.fn<() => Promise<[]>>(() => new Promise(() => undefined))
    const liveness = createLiveness({ nft: nft(list), now: () => now, patienceMs: 1 })
    expect(await liveness.failure()).toBe("")
    now = 61_000
    expect(await liveness.failure()).toBe("nft has not answered for 61 s")
    expect(list).toHaveBeenCalledOnce()
  })
})
