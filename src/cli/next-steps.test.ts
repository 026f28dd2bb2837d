// What postern status advises, and when it says that statuses are old.

import { expect, test } from "vitest"
import type { StatusReport } from "../api/status-report.ts"
import { nextSteps, type StepsContext } from "./next-steps.ts"
import { whyStale } from "./stale.ts"

const report: StatusReport = {
  enforcement: "observe",
  stale: "",
  namespaces: {},
  nodes: [],
  policies: [],
  next: [],
}
const whole: StepsContext = { isWhole: true, setting: "observe", oddLabels: [] }

test.for<readonly [string, Partial<StepsContext>, readonly string[]]>([
  [
    "a cluster without policies can be enforced",
    {},
    ["there is no policy yet; postern enforce lets those to come be enforced"],
  ],
  ["of a namespace or a node without policies nothing follows for the cluster", { isWhole: false }, []],
  [
    "a setting that is neither mode is named",
    { isWhole: false, setting: "enforec" },
    [
      'ConfigMap postern says enforcement "enforec", neither enforce nor observe: the last good settings stay; correct it',
    ],
  ],
  [
    "a namespace's label that is neither mode is named",
    { isWhole: false, oddLabels: [["shop", "Enforce"]] },
    [
      'namespace shop is labelled "Enforce", neither enforce nor observe: it is as the cluster is; correct the label',
    ],
  ],
])("%s", ([, more, expected]) => {
  expect(nextSteps(report, { ...whole, ...more })).toEqual(expected)
})

test("many namespaces with such a label are a few, and a number", () => {
  const oddLabels = Array.from({ length: 12 }, (_, i) => [`n${i}`, "on"] as const)
  const steps = nextSteps(report, { ...whole, isWhole: false, oddLabels })
  expect(steps).toHaveLength(6)
  expect(steps.at(-1)).toBe("and 7 more namespaces with such a label")
})

const now = new Date("2026-01-02T03:04:05Z")

test.for<readonly [string, unknown, string]>([
  ["a Lease that is renewed", held("a", "2026-01-02T03:04:04.000000Z"), ""],
  ["a Lease of a computer whose clock is ahead", held("a", "2026-01-02T03:09:00.000000Z"), ""],
  ["a Lease that may not be read", "unreadable", ""],
  ["no Lease", undefined, "no controller has written statuses yet"],
  [
    "a Lease that was given back",
    held("", "2026-01-02T03:04:04.000000Z"),
    "no controller has written statuses since 2026-01-02T03:04:04Z: what is told here is of then",
  ],
  [
    "a Lease whose holder died",
    held("a", "2026-01-02T03:00:00.000000Z"),
    "no controller has written statuses since 2026-01-02T03:00:00Z: what is told here is of then",
  ],
])("%s", ([, lease, expected]) => {
  expect(whyStale(lease, now)).toBe(expected)
})

function held(holderIdentity: string, renewTime: string): unknown {
  return { spec: { holderIdentity, renewTime } }
}
