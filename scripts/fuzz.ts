// The differential test for as long as one likes: npm run fuzz -- --minutes 10
//
// Exit status 1 at the first disagreement, with the seed that repeats it and the smallest cluster that shows it.

import { parseArgs } from "node:util"
import * as fc from "fast-check"
import { randomCluster, tieredCluster } from "../test/random/cluster.ts"
import { compare } from "../test/random/differential.ts"
import { seedOf } from "../test/random/seed.ts"

const CLUSTERS_A_ROUND = 50

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } })
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error(`fuzz: --minutes ${values.minutes} is no time`)
  process.exit(2)
}

process.exitCode = fuzz(Date.now() + minutes * 60_000)

function fuzz(end: number): number {
  const first = seedOf()
  console.log(`fuzz: from POSTERN_SEED=${first}, for ${minutes} minutes`)
  let judgements = 0
  for (let seed = first; Date.now() < end; seed++) {
    const property = fc.property(seed % 2 === 0 ? randomCluster : tieredCluster, (cluster) => {
      const compared = compare(cluster)
      judgements += compared.judgements
      return compared.disagreements.length === 0
    })
    const result = fc.check(property, { seed, numRuns: CLUSTERS_A_ROUND })
    if (result.failed) {
      tell(seed, result.counterexample?.[0])
      return 1
    }
  }
  console.log(`fuzz: ${judgements.toLocaleString("en-US")} judgements, no disagreement`)
  return 0
}

function tell(seed: number, cluster: Parameters<typeof compare>[0] | undefined): void {
  console.error(`fuzz: disagreement; POSTERN_SEED=${seed} repeats it`)
  if (cluster === undefined) return
  console.error(JSON.stringify(cluster.snapshot, null, 2))
  for (const disagreement of compare(cluster).disagreements) console.error(disagreement)
}
