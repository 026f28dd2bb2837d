// Whatever a review holds: an answer under its uid, from the whole way through validation and analysis, and no fault.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import { recordIn } from "../src/api/conforms.ts"
import { createAdmission } from "./admission/admission.ts"
import { policy, reviewText, UID } from "./admission/test-reviews.ts"
import { createClusterAnalyst } from "./cluster-analyst.ts"
import { readReview } from "./review.ts"
import { testCluster } from "./test-cluster.ts"
import { createTurns } from "./turns.ts"

const reaches = { from: "shop/web", to: "shop/db", ports: ["5432/TCP"], expect: "Allow" }
const kept: unknown[] = []
const admit = createAdmission({
  analyst: createClusterAnalyst({ cluster: testCluster({ "shop/a": reaches }), namespace: "postern-system" }),
  access: { namesFor: async () => (namespace) => namespace === "shop", may: async () => false },
  turns: createTurns(),
  keep: (report) => void kept.push(report),
  budgetMs: 60_000,
  workMs: 60_000,
})

async function answerTo(text: string) {
  const read = readReview(JSON.parse(text))
  if (!read.ok) throw new Error(read.mistake)
  expect(read.review.uid).toBe(UID)
  const answer = await admit(read.review, { at: performance.now(), isTrusted: true })
  for (const warning of answer.warnings) expect(warning).toMatch(/^[^\p{Cc}\p{Cf}]{1,120}$/u)
  expect(answer.warnings.length).toBeLessThanOrEqual(20)
  return answer
}

const words = [
  "",
  "app",
  "web",
  "db",
  "constructor",
  "__proto__",
  "a b",
  "\u202e\u0000",
  "10.0.0.0/8",
  "::/0",
  "http",
]
const leaf = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(0, -1, 53, 65_536, 1e300, true, false, null),
  fc.constantFrom("In", "Exists", "Ingress", "Egress", "TCP", "SCTP"),
)
const fields = [
  "podSelector",
  "namespaceSelector",
  "matchLabels",
  "matchExpressions",
  "key",
  "operator",
  "values",
  "ingress",
  "egress",
  "from",
  "to",
  "ports",
  "port",
  "endPort",
  "protocol",
  "ipBlock",
  "cidr",
  "except",
  "policyTypes",
  ...words,
] as const
/** Like a NetworkPolicy at times, and like nothing at others. */
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...fields), tie("value"), { maxKeys: 4 }),
  ),
}))

test("any spec", async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(anything, anything, async (spec, old) => {
      await answerTo(reviewText({ object: policy(spec) }))
      await answerTo(reviewText({ operation: "UPDATE", object: policy(spec), oldObject: policy(old) }))
      await answerTo(reviewText({ operation: "DELETE", oldObject: policy(spec) }))
    }),
    { numRuns: 300 },
  )
})

/** A rule that is right but for one value anywhere in it. */
const rule = fc.record({
  from: fc.array(
    fc.record(
      { podSelector: anything, namespaceSelector: anything, ipBlock: anything },
      { requiredKeys: [] },
    ),
    {
      maxLength: 2,
    },
  ),
  ports: fc.array(fc.record({ port: leaf, endPort: leaf, protocol: leaf }, { requiredKeys: [] }), {
    maxLength: 2,
  }),
})

test("rules that are nearly right", async () => {
  expect.hasAssertions()
  await fc.assert(
    fc.asyncProperty(fc.array(rule, { maxLength: 3 }), async (ingress) => {
      await answerTo(reviewText({ object: policy({ podSelector: { matchLabels: { app: "db" } }, ingress }) }))
    }),
    { numRuns: 300 },
  )
})

test.for(["Pod", "Namespace", "Deployment", "StatefulSet"])("any %s", async (kind) => {
  expect.hasAssertions()
  const group = kind === "Pod" || kind === "Namespace" ? "" : "apps"
  await fc.assert(
    fc.asyncProperty(anything, anything, anything, async (metadata, spec, object) => {
      for (const each of [
        { metadata, spec },
        { metadata: { labels: metadata }, spec: { template: { metadata, spec } } },
        object,
      ])
        await answerTo(
          reviewText({
            group,
            kind,
            operation: "UPDATE",
            object: each,
            oldObject: { metadata: {}, spec: {} },
          }),
        )
    }),
    { numRuns: 100 },
  )
})

test.for<[string, unknown]>([
  ["10,000 labels", { podSelector: { matchLabels: labels(10_000) } }],
  [
    "10,000 labels of a peer",
    { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: labels(10_000) } }] }] },
  ],
  [
    "10,000 values",
    {
      podSelector: {
        matchExpressions: [{ key: "app", operator: "In", values: Object.keys(labels(10_000)) }],
      },
    },
  ],
  ["2,000 rules", { podSelector: {}, ingress: times(2_000, (i) => ({ ports: [{ port: i + 1 }] })) }],
  [
    "2,000 peers",
    {
      podSelector: {},
      ingress: [{ from: times(2_000, (i) => ({ ipBlock: { cidr: `10.${i >> 8}.${i & 255}.0/24` } })) }],
    },
  ],
  [
    "labels from birth",
    { podSelector: { matchLabels: JSON.parse('{"constructor":"a","toString":"b","valueOf":"c"}') } },
  ],
])("%s", async ([, spec]) => {
  const before = kept.length
  const { refusal } = await answerTo(reviewText({ object: policy(spec) }))
  expect(refusal).toBeUndefined()
  expect(recordIn({ report: kept.at(-1) }, "report")["complete"]).toBe(true)
  expect(kept).toHaveLength(before + 1)
})

function labels(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(times(count, (i) => [`l${i}`, "v"]))
}

function times<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}
