// What a review is answered, with an analysis that says what the test has it say.

import { describe, expect, test } from "vitest"
import { diagnostic } from "../../src/api/report.ts"
import type { Analysis, Question } from "../analyst.ts"
import { createTurns } from "../turns.ts"
import { answer } from "./test-answer.ts"
import { fakeAnalyst, impact, policy, type ReviewParts } from "./test-reviews.ts"

const lost = (source: string, destination: string) => ({
  source: { kind: "Deployment", namespace: source, name: "web", pods: 2 },
  destination: { kind: "Deployment", namespace: destination, name: "db", pods: 1 },
  before: "All Connections",
  after: "",
  changed: "All Connections",
  decidedBy: "isolated by web",
  dns: false,
})
const cuts = impact({
  isolated: {
    ingress: { pods: 2, workloads: [{ namespace: "shop", name: "web", kind: "Deployment", pods: 2 }] },
    egress: { pods: 0, workloads: [] },
  },
  disappearing: { pairs: 2, observed: 0, listed: [lost("shop", "shop"), lost("pay", "shop")] },
  nodes: ["node-a"],
  findings: [
    {
      code: "PNP0421",
      severity: "warning",
      path: "spec.podSelector",
      message: "selects no pod; did you mean app=web?",
      namespaces: [],
    },
  ],
})
const analysed = (analysis: Partial<Analysis>) => ({ analyst: fakeAnalyst(analysis) })

describe("what is refused", () => {
  const broken = policy({
    podSelector: { matchLabels: { "-a": "b" } },
    ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/33" } }] }],
  })

  test("every mistake is told at once, with its field and its code", async () => {
    const { allowed, refusal } = await answer({ object: broken })
    expect([allowed, refusal?.reason]).toEqual([false, "Invalid"])
    expect(refusal?.message).toMatch(
      /^2 mistakes:\n {2}spec\.podSelector\.matchLabels.*\(PNP0210\)\n {2}spec\.ingress\[0\]\.from\[0\]/,
    )
  })

  test("one mistake is one line", async () => {
    const { refusal: { message } = {} } = await answer({
      object: policy({ podSelector: { matchLabels: { "-a": "b" } } }),
    })
    expect(message).toMatch(/^spec\.podSelector\.matchLabels\["-a"\]: .* \(PNP0210\)$/)
  })

  test("mistakes are refused also where the cluster is not known", async () => {
    const analyst = fakeAnalyst({}, { problem: () => "pods missing" })
    expect((await answer({ object: broken }, { analyst })).allowed).toBe(false)
  })

  test.for<[string, ReviewParts]>([
    [
      "that was there before is kept where its spec stays",
      { operation: "UPDATE", object: broken, oldObject: broken },
    ],
    ["can always be deleted", { operation: "DELETE", oldObject: broken }],
  ])("what is invalid %s", async ([, parts]) => {
    expect((await answer(parts)).allowed).toBe(true)
  })

  test("of a pod it is only told", async () => {
    const refusal = diagnostic("labelKey", { value: '"a b"', why: "it has a blank" }, ["spec"])
    const pod = { group: "", kind: "Pod", object: { metadata: { name: "web" } } }
    const { allowed, warnings } = await answer(pod, analysed({ refusals: [refusal] }))
    expect([allowed, warnings]).toEqual([true, [`spec: ${refusal.message} (PNP0210)`]])
  })

  test("what analysis refuses is refused, in its words", async () => {
    const refusal = diagnostic("labelKey", { value: '"a b"', why: "it has a blank" }, ["spec"])
    expect(await answer({}, analysed({ refusals: [refusal] }))).toMatchObject({
      allowed: false,
      refusal: {
        reason: "Forbidden",
        message: expect.stringContaining(`spec: ${refusal.message} (PNP0210)`),
      },
    })
  })
})

describe("what is warned of", () => {
  test("the summary, findings, what is lost, and where the rest is", async () => {
    const { warnings } = await answer({}, analysed({ report: cuts }))
    expect(warnings[0]).toMatch(
      /2 pods become ingress-isolated; 2 connections disappear, 0 appear; 1 node changes/,
    )
    expect(warnings[1]).toBe("spec.podSelector: selects no pod; did you mean app=web? (PNP0421)")
    expect(warnings.at(-1)).toContain("postern report abcde23456")
    expect(warnings.join()).toContain("pay/web")
  })

  test("a change without effect is nothing to warn of", async () => {
    expect((await answer({})).warnings).toEqual([])
  })

  test("dry-run and real are told the same", async () => {
    const options = analysed({ report: cuts })
    expect((await answer({ dryRun: true }, options)).warnings).toEqual((await answer({}, options)).warnings)
  })

  test("a namespace in which the requester may not list pods is not named", async () => {
    const access = {
      namesFor: async () => (namespace: string) => namespace === "shop",
      may: async () => false,
    }
    const { warnings } = await answer({}, { ...analysed({ report: cuts }), access })
    expect(warnings.join()).not.toContain("pay/")
    expect(warnings.join()).toContain("not named")
  })

  test("the report is kept whole, for whoever may see more", async () => {
    const kept: unknown[] = []
    const access = { namesFor: async () => () => false, may: async () => false }
    await answer({}, { ...analysed({ report: cuts }), access, keep: (report) => void kept.push(report) })
    expect(kept).toEqual([cuts])
  })

  test.for<[string, number]>([
    ["one finding", 1],
    ["a thousand findings", 1_000],
  ])("%s: at most 20 lines of 120 characters, the summary first, the key last", async ([, count]) => {
    const long = "shop/a-very-long-name-".padEnd(200, "x")
    const report = impact({
      ...cuts,
      disappearing: { pairs: 500, observed: 0, listed: Array.from({ length: 500 }, () => lost(long, long)) },
      findings: Array.from({ length: count }, (_, i) => ({
        code: `PNP04${String(i % 90).padStart(2, "0")}`,
        severity: "warning",
        path: `spec.ingress[${i}]`,
        message: "x\n\u202e".repeat(100),
      })),
    })
    const { warnings } = await answer({}, analysed({ report }))
    expect(warnings.length).toBeLessThanOrEqual(20)
    for (const each of warnings) expect(each).toMatch(/^[^\p{Cc}\p{Cf}]{1,120}$/u)
    expect(warnings[0]).toContain("500 connections disappear")
    expect(warnings.at(-1)).toContain("abcde23456")
  })
})

describe("time", () => {
  const skipped = expect.stringMatching(/^analysis skipped: .*time/)

  test("a review that has waited longer than its budget is allowed without", async () => {
    const at = performance.now() - 3_000
    expect(await answer({}, { budgetMs: 2_000 }, { at })).toEqual({ allowed: true, warnings: [skipped] })
  })

  test("validation is done however late it is", async () => {
    const late = { object: policy({ podSelector: { matchLabels: { "-a": "b" } } }) }
    expect((await answer(late, { budgetMs: 1 }, { at: performance.now() - 3_000 })).allowed).toBe(false)
  })

  test("the deadline is the end of the budget, or of the work that one request may be, whichever is first", async () => {
    let time = 0
    const told: boolean[] = []
    const analyse = ({ deadline }: Question) => {
      for (const at of [299, 300, 1_999]) {
        time = at
        told.push(deadline.expired())
      }
      return { report: impact(), refusals: [] }
    }
    const analyst = fakeAnalyst({}, { analyse })
    await answer({}, { analyst, now: () => time, budgetMs: 2_000 }, { at: 0 })
    time = 0
    await answer({}, { analyst, now: () => time, budgetMs: 300, workMs: 5_000 }, { at: -1 })
    expect(told).toEqual([false, true, true, true, true, true])
  })

  test("who may be named is not waited for longer: nobody is named", async () => {
    const access = { namesFor: () => new Promise<never>(() => undefined), may: async () => false }
    const { warnings } = await answer({}, { ...analysed({ report: cuts }), access, budgetMs: 2_000 })
    expect(warnings[0]).toContain("2 connections disappear")
    expect(warnings.join()).not.toMatch(/pay\/|shop\/web\[/)
  })

  test("before the cluster is known an analysis is skipped, with the reason", async () => {
    const analyst = fakeAnalyst({}, { problem: () => "the cluster is not known yet, pods missing" })
    expect(await answer({}, { analyst })).toEqual({
      allowed: true,
      warnings: ["analysis skipped: the cluster is not known yet, pods missing"],
    })
  })

  test.for<[string, number, boolean]>([
    ["a policy that is large is analysed", 3_000, true],
    ["a policy that is too large is validated, and not analysed", 10_000, false],
  ])("%s", async ([, blocks, analysed]) => {
    const from = Array.from({ length: blocks }, (_, i) => ({
      ipBlock: { cidr: `10.${i >> 8}.${i & 255}.0/24` },
    }))
    const { allowed, warnings } = await answer({ object: policy({ podSelector: {}, ingress: [{ from }] }) })
    const skipped = ["analysis skipped: the policy has more than 20,000 values"]
    expect([allowed, warnings]).toEqual([true, analysed ? [] : skipped])
    const wrong = policy({ podSelector: {}, ingress: [{ from: [...from, { ipBlock: { cidr: "x" } }] }] })
    expect((await answer({ object: wrong })).allowed).toBe(false)
  })

  test("between two analyses others have their turn", async () => {
    const order: string[] = []
    const turns = createTurns()
    const analyse = () => {
      order.push("analysis")
      return { report: impact(), refusals: [] }
    }
    const options = { turns, analyst: fakeAnalyst({}, { analyse }) }
    const tick = (): void => {
      order.push("other")
      if (order.length < 12) setImmediate(tick)
    }
    setImmediate(tick)
    await Promise.all([answer({}, options), answer({}, options)])
    const first = order.indexOf("analysis")
    expect(order.slice(first, first + 3)).toEqual(["analysis", "other", "analysis"])
  })
})
