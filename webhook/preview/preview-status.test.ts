// A status is an object of etcd, and whoever can read it can read all of it.

import { expect, test } from "vitest"
import { conforms } from "../../src/api/conforms.ts"
import { policyPreviewStatusSchema } from "../../src/api/policy-preview.ts"
import { diagnostic, root, silent } from "../../src/api/report.ts"
import { impact } from "../admission/test-reviews.ts"
import type { Preview } from "./preview-resource.ts"
import { bounded, failedPreview, previewStatus } from "./preview-status.ts"

const NOW = "2026-01-01T00:00:00Z"
const preview: Preview = {
  namespace: "shop",
  name: "p",
  resourceVersion: "1",
  generation: 3,
  observedGeneration: 0,
  spec: {},
}
const end = (namespace: string) => ({ kind: "Deployment", namespace, name: "web", pods: 1 })
const lost = (source: string, text = "All Connections") => ({
  source: end(source),
  destination: end("shop"),
  before: text,
  after: "",
  changed: text,
  decidedBy: text,
  dns: false,
})

test("the status conforms to its schema, and is of the generation that was looked at", () => {
  const analysis = { report: impact({ nodes: ["a"] }), refusals: [] }
  for (const status of [
    previewStatus(preview, analysis, NOW),
    failedPreview(preview, { reason: "Invalid", message: "x".repeat(10_000) }, NOW),
  ]) {
    expect(conforms(policyPreviewStatusSchema, status, root(silent))).toBe(true)
    expect(status).toMatchObject({
      observedGeneration: 3,
      conditions: [{ type: "Ready", observedGeneration: 3 }],
    })
    expect(JSON.stringify(status).length).toBeLessThan(6_000)
  }
})

test("workloads of other namespaces are counted, and not named", () => {
  const listed = [lost("shop"), lost("pay")]
  const report = impact({ disappearing: { pairs: 2, observed: 0, listed } })
  const status = previewStatus(preview, { report, refusals: [] }, NOW)
  expect(JSON.stringify(status)).not.toContain("pay")
  expect(status.summary).toContain("2 connections disappear")
})

test("nodes are counted, and not named: whoever can read the object may not list them", () => {
  const status = previewStatus(preview, { report: impact({ nodes: ["node-a"] }), refusals: [] }, NOW)
  expect(status).toMatchObject({ report: { nodes: [], hidden: { nodes: 1 } } })
})

test("what admission would refuse is said", () => {
  const refusals = [
    diagnostic("breaksAssertion", { assertion: "ConnectivityAssertion shop/a", path: "spec" }),
  ]
  const { conditions } = previewStatus(preview, { report: impact(), refusals }, NOW)
  expect(conditions[0]).toMatchObject({
    status: "True",
    reason: "WouldBeRefused",
    message: expect.stringContaining("shop/a holds now and would fail"),
  })
})

test("a report of a large cluster is a status of a few hundred kilobytes at most, with whole counts", () => {
  const many = Array.from({ length: 5_000 }, (_, i) => i)
  const connections = {
    pairs: 5_000,
    observed: 0,
    listed: many.map(() => lost("shop", "TCP 1".repeat(1_000))),
  }
  const isolation = { pods: 5_000, workloads: many.map(() => end("shop")) }
  const isolations = { ingress: isolation, egress: isolation }
  const report = bounded(
    impact({
      isolated: isolations,
      released: isolations,
      appearing: connections,
      disappearing: connections,
      nodes: many.map((i) => `node-${i}`),
      findings: many.map(() => ({
        code: "PNP0421",
        severity: "warning",
        message: "x".repeat(5_000),
        path: "",
      })),
      notes: many.map(() => "n".repeat(5_000)),
    }),
  )
  expect(JSON.stringify(report).length).toBeLessThan(500_000)
  expect([report.appearing.pairs, report.isolated.egress.pods, report.nodes.length]).toEqual([
    5_000, 5_000, 200,
  ])
})
