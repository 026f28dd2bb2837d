import * as fc from "fast-check"
import { expect, test } from "vitest"
import { randomCluster, tieredCluster } from "../random/cluster.ts"
import { crowdedCluster } from "../random/crowd.ts"
import { atOnce, compare, type Feed, modesLast, policiesLast } from "../random/differential.ts"
import { seedOf } from "../random/seed.ts"

/** Of so many clusters at a time: a failure is shrunk from one of them. */
const CLUSTERS_A_ROUND = 20

test.for([
  ["NetworkPolicies", randomCluster, 100_000],
  ["tiers of Accept, Deny, Pass and Log around them", tieredCluster, 50_000],
] as const)(
  "evaluator and compiled rulesets agree on random clusters: %s",
  { timeout: 300_000 },
  ([name, clusters, judgements]) => {
    const seed = seedOf()
    console.log(`differential test, ${name}: POSTERN_SEED=${seed}`)
    const seen = { judgements: 0, allowed: 0, observed: 0 }
    const property = fc.property(clusters, (cluster) => {
      const compared = compare(cluster)
      seen.judgements += compared.judgements
      seen.allowed += compared.allowed
      seen.observed += compared.observed
      expect(compared.disagreements.slice(0, 5)).toEqual([])
    })
    for (let round = 0; seen.judgements < judgements; round++) {
      fc.assert(property, { seed: seed + round, numRuns: CLUSTERS_A_ROUND })
    }
    // Where nearly everything is denied, or allowed, agreement would tell little.
    expect(seen.allowed / seen.judgements).toBeGreaterThan(0.2)
    expect(seen.allowed / seen.judgements).toBeLessThan(0.8)
    expect(seen.observed / seen.judgements).toBeGreaterThan(0.005)
    const { allowed, observed } = seen
    console.log(
      `differential test, ${name}: ${seen.judgements} judgements, ${allowed} allowed, ${observed} observed`,
    )
  },
)

test.for<[string, Feed]>([
  ["policies first", atOnce],
  ["pods first", policiesLast],
  ["modes last", modesLast],
])(
  "they agree on clusters so crowded that the engine looks things up: %s",
  { timeout: 120_000 },
  ([, feed]) => {
    const seed = seedOf()
    console.log(`differential test, crowded: POSTERN_SEED=${seed}`)
    const seen = { judgements: 0, allowed: 0 }
    // Too large to be shrunk.
    for (const cluster of fc.sample(crowdedCluster, { seed, numRuns: 8 })) {
      const compared = compare(cluster, feed)
      expect(compared.disagreements.slice(0, 5)).toEqual([])
      seen.judgements += compared.judgements
      seen.allowed += compared.allowed
    }
    expect(seen.allowed / seen.judgements).toBeGreaterThan(0.1)
    expect(seen.allowed / seen.judgements).toBeLessThan(0.9)
    console.log(`differential test, crowded: ${seen.judgements} judgements, ${seen.allowed} allowed`)
  },
)
