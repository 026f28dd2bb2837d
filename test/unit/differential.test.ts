import * as fc from "fast-check"
import { expect, test } from "vitest"
import { randomCluster } from "../random/cluster.ts"
import { compare } from "../random/differential.ts"
import { seedOf } from "../random/seed.ts"

const JUDGEMENTS = 100_000

/** Of so many clusters at a time: a failure is shrunk from one of them. */
const CLUSTERS_A_ROUND = 20

test("the evaluator and the compiled rulesets agree on random clusters", { timeout: 120_000 }, () => {
  const seed = seedOf()
  console.log(`differential test: POSTERN_SEED=${seed}`)
  const seen = { judgements: 0, allowed: 0 }
  const property = fc.property(randomCluster, (cluster) => {
    const compared = compare(cluster)
    seen.judgements += compared.judgements
    seen.allowed += compared.allowed
    expect(compared.disagreements.slice(0, 5)).toEqual([])
  })
  for (let round = 0; seen.judgements < JUDGEMENTS; round++) {
    fc.assert(property, { seed: seed + round, numRuns: CLUSTERS_A_ROUND })
  }
  // Where nearly everything is denied, or allowed, agreement would tell little.
  expect(seen.allowed / seen.judgements).toBeGreaterThan(0.2)
  expect(seen.allowed / seen.judgements).toBeLessThan(0.8)
  console.log(`differential test: ${seen.judgements} judgements, ${seen.allowed} allowed`)
})
