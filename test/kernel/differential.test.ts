import * as fc from "fast-check"
import { afterAll, expect, test } from "vitest"
import { enforce } from "../../src/cli/demo/enforce.ts"
import { tryAll } from "../../src/cli/demo/trial.ts"
import { judgeConnection } from "../../src/explain/evaluate.ts"
import { createWorld } from "../../src/explain/world.ts"
import { judgeOf } from "../../src/kinds/registry.ts"
import { createLab } from "../../src/lab/lab.ts"
import { labCluster, type RandomCluster } from "../random/cluster.ts"
import { connectionsIn } from "../random/connections.ts"
import { connectionText } from "../random/differential.ts"
import { seedOf } from "../random/seed.ts"
import { labOfCluster, probeOf } from "./random-lab.ts"

const clusters = Number(process.env["POSTERN_KERNEL_CLUSTERS"] ?? 15)
const seed = seedOf()
const mostConnections = 1500
const totals = { connections: 0, allowed: 0 }

afterAll(() => {
  console.log(
    `kernel differential: ${clusters} clusters, ${totals.connections} connections, ${totals.allowed} allowed, seed ${seed}`,
  )
})

test("the kernel lets through exactly what the reference evaluator allows", {
  timeout: 12_000 * clusters,
}, async () => {
  await fc.assert(
    fc.asyncProperty(labCluster, async (cluster) => {
      expect(await disagreements(cluster)).toStrictEqual([])
    }),
    // A lab for each try: shrinking stops at what a minute yields.
    { numRuns: clusters, seed, interruptAfterTimeLimit: 6_000 * clusters, markInterruptAsFailure: true },
  )
  expect(totals.allowed).toBeGreaterThan(0)
  expect(totals.allowed).toBeLessThan(totals.connections)
})

async function disagreements(cluster: RandomCluster): Promise<readonly string[]> {
  const world = createWorld(cluster.snapshot, judgeOf)
  const spec = labOfCluster(cluster)
  const all = connectionsIn(cluster, world)
  const step = Math.max(1, Math.ceil(all.length / mostConnections))
  const connections = all.filter((_, index) => index % step === 0)
  const lab = await createLab(spec)
  try {
    const enforced = await enforce(cluster.snapshot, lab)
    try {
      const tried = await tryAll(
        lab,
        connections.map((connection) => ({
          connection,
          request: probeOf(connection, spec),
          expected:
            judgeConnection(connection, world).verdict === "Allow"
              ? ("allowed" as const)
              : ("denied" as const),
        })),
      )
      totals.connections += tried.length
      totals.allowed += tried.filter((each) => each.result.verdict === "allowed").length
      return tried
        .filter((each) => !each.isExpected)
        .map(
          (each) =>
            `${connectionText(each.connection)}: kernel ${each.result.verdict}, evaluator ${each.expected}`,
        )
    } finally {
      await enforced.close()
    }
  } finally {
    await lab.close()
  }
}
