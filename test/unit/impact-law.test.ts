import * as fc from "fast-check"
import { expect, test } from "vitest"
import { impactOf } from "../../src/analysis/impact/impact.ts"
import { createModel } from "../../src/analysis/model.ts"
import type { ImpactEnd, ImpactReport } from "../../src/api/impact-report.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { lower } from "../../src/kinds/registry.ts"
import { randomImpact } from "../random/impact-change.ts"
import { type ExpectedImpact, expectedImpact } from "../random/impact-oracle.ts"
import { seedOf } from "../random/seed.ts"

const seed = seedOf()
const LONG = { timeout: 300_000 }

test("the report of a change is the difference of two full evaluations", LONG, () => {
  const seen = { isolation: 0, appearing: 0, disappearing: 0 }
  fc.assert(
    fc.property(randomImpact, ({ cluster: { snapshot, enforcement }, changes }) => {
      const model = createModel({ lower, enforcement })
      model.apply(changesTo(snapshot))
      const report = impactOf({ model, changes, operation: "UPDATE", limit: Infinity })
      const expected = expectedImpact({ snapshot, enforcement }, changes)
      expect(impactIn(report)).toEqual(expected)
      for (const each of ["isolation", "appearing", "disappearing"] as const)
        seen[each] += Math.min(1, expected[each].length)
    }),
    { seed, numRuns: 120 },
  )
  // Each kind of answer comes up: the law is about something.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0)
})

function impactIn(report: ImpactReport): ExpectedImpact {
  const { isolated, released, appearing, disappearing } = report
  const isolation = (["ingress", "egress"] as const).flatMap((direction) => [
    ...isolated[direction].workloads.map((each) => `isolated ${direction} ${endName(each)} ${each.pods}`),
    ...released[direction].workloads.map((each) => `released ${direction} ${endName(each)} ${each.pods}`),
  ])
  expect([appearing.pairs, disappearing.pairs]).toEqual([appearing.listed.length, disappearing.listed.length])
  return {
    isolation: isolation.sort(),
    appearing: appearing.listed.map(changeName).sort(),
    disappearing: disappearing.listed.map(changeName).sort(),
    observed: disappearing.observed,
  }
}

function changeName({
  source,
  destination,
  before,
  after,
  changed,
}: ImpactReport["appearing"]["listed"][number]): string {
  return `${endName(source)} > ${endName(destination)}: ${changed}; before ${before}; after ${after}`
}

function endName(end: ImpactEnd): string {
  return "range" in end ? end.range : `${end.namespace}/${end.name}[${end.kind}]`
}
