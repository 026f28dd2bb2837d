// What an agent tells the controller and Prometheus.

import { afterEach, describe, expect, test, vi } from "vitest"
import { enforcerStatus } from "../../../test/agent/enforcer-status.ts"
import { createMetrics } from "../../telemetry/metrics.ts"
import type { NodeReport } from "../../wire/messages.ts"
import type { DenyCount } from "../deny-counts.ts"
import { noCounts } from "../event.ts"
import { createAgentMetrics } from "./agent-metrics.ts"
import { nodeReport } from "./node-report.ts"
import { createReporter } from "./reporter.ts"

afterEach(() => vi.useRealTimers())

describe("reports", () => {
  const report = (revision: number): NodeReport =>
    nodeReport({
      version: "test",
      status: enforcerStatus({ revision }),
      milliseconds: 1.6,
      startError: "",
      denied: [],
    })
  const start = (rest: Partial<Parameters<typeof createReporter>[0]> = {}) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    const sent: number[] = []
    let revision = 0
    const reporter = createReporter({
      report: () => report(revision),
      send: async (report) => void sent.push(report.revision),
      onFailure: () => undefined,
      ...rest,
    })
    const change = (to: number): void => {
      revision = to
      reporter.changed()
    }
    return { reporter, sent, change }
  }
  const pass = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds)

  test("go out when something has changed, at most every 200 ms, and once a minute", async () => {
    const { reporter, sent, change } = start()
    change(1)
    await pass(1_000)
    expect(sent).toEqual([])
    reporter.newListener()
    await pass(0)
    expect(sent).toEqual([1])
    for (const revision of [2, 3, 4]) change(revision)
    await pass(199)
    expect(sent).toEqual([1])
    await pass(1)
    expect(sent).toEqual([1, 4])
    reporter.changed()
    await pass(59_000)
    expect(sent).toEqual([1, 4])
    await pass(1_000)
    expect(sent).toEqual([1, 4, 4])
    reporter.newListener()
    await pass(200)
    expect(sent).toEqual([1, 4, 4, 4])
    reporter.noListener()
    change(5)
    await pass(120_000)
    expect(sent).toEqual([1, 4, 4, 4])
  })

  test("that fail are sent again a second later, as it is then", async () => {
    let fails = 1
    const sent: number[] = []
    const failures: unknown[] = []
    const { reporter, change } = start({
      send: async (report) => {
        if (fails-- > 0) throw new Error("no")
        sent.push(report.revision)
      },
      onFailure: (error) => failures.push(error),
    })
    change(1)
    reporter.newListener()
    await pass(0)
    change(2)
    await pass(999)
    expect([sent, failures.length]).toEqual([[], 1])
    await pass(1)
    expect(sent).toEqual([2])
  })

  test("are within bounds, whatever the enforcer says", () => {
    const long = "x".repeat(100_000)
    const many = <T>(entry: T): T[] => Array.from({ length: 5_000 }, () => entry)
    const text = JSON.stringify(
      nodeReport({
        version: "test",
        status: enforcerStatus({
          error: long,
          isolated: many({ object: long, error: long }),
          failedClosed: many("10.0.0.1"),
          problems: many({ code: "flowtable", severity: "error", subject: long, message: long }),
          addresses: many("10.0.0.1"),
        }),
        milliseconds: 1,
        startError: "",
        denied: many({ chain: "deny_a", packets: 1, bytes: 1, comment: long }),
      }),
    )
    expect(text.length).toBeLessThan(2 * 1024 * 1024)
  })

  test("count the chains that have denied most, and none that has not", () => {
    const denied = [0, 3, 5].map((packets, i) => ({ chain: `deny_${i}`, packets, bytes: 0, comment: "" }))
    const { denied: reported } = nodeReport({
      version: "test",
      status: enforcerStatus(),
      milliseconds: 1,
      startError: "",
      denied,
    })
    expect(reported).toEqual([
      { chain: "deny_2", packets: 5 },
      { chain: "deny_1", packets: 3 },
    ])
  })
})

describe("metrics", () => {
  test("say what the enforcer's status says, when they are read", async () => {
    const metrics = createMetrics()
    const problem = { code: "flowtable", severity: "error", subject: "", message: "" } as const
    let now = enforcerStatus({ counters: { ...noCounts(), applied: 3, refused: 2, repaired: 1 } })
    createAgentMetrics(metrics, () => now)
    now = { ...now, observing: true, problems: [problem, problem] }
    const lines = (await metrics.text()).split("\n")
    for (const line of [
      "postern_agent_transactions_total 3",
      "postern_agent_transaction_failures_total 2",
      "postern_agent_drift_repairs_total 1",
      "postern_agent_revision 5",
      "postern_agent_observing 1",
      "postern_agent_sets 2",
      "postern_agent_set_elements 3",
      "postern_agent_chains 1",
      'postern_agent_problems{code="flowtable",severity="error"} 2',
    ])
      expect(lines).toContain(line)
  })

  test("of denied packets have at most 200 chains, and the sum is right", async () => {
    const metrics = createMetrics()
    const counted = createAgentMetrics(metrics, () => enforcerStatus())
    const counts = (packets: number): DenyCount[] =>
      Array.from({ length: 300 }, (_, i) => ({
        chain: `deny_${i}`,
        packets: packets + i,
        bytes: 0,
        comment: "",
      }))
    counted.denied(counts(1))
    counted.denied(counts(11))
    const values = [...(await metrics.text()).matchAll(/^postern_agent_denied_packets_total\{.*\} (\d+)$/gm)]
    expect(values).toHaveLength(201)
    expect(values.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(300 * 11 + (300 * 299) / 2)
  })

  test("of a chain that denies nothing for ten minutes make room for another one", async () => {
    const metrics = createMetrics()
    const counted = createAgentMetrics(metrics, () => enforcerStatus())
    const old = Array.from({ length: 200 }, (_, i) => ({
      chain: `deny_${i}`,
      packets: 1,
      bytes: 0,
      comment: "",
    }))
    for (let reading = 0; reading < 62; reading++) counted.denied(old)
    counted.denied([...old, { chain: "deny_new", packets: 4, bytes: 0, comment: "" }])
    const text = await metrics.text()
    expect(text).toContain('postern_agent_denied_packets_total{chain="deny_new"} 4')
    expect(text).not.toContain('chain="deny_0"')
  })
})
