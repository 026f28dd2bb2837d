import * as fc from "fast-check"
import { expect, test } from "vitest"
import { allowed } from "../../src/explain/allowed.ts"
import { type Connection, judgeConnection, questionOf } from "../../src/explain/evaluate.ts"
import { sameName } from "../../src/explain/policy-name.ts"
import { type DirectionExplanation, explainConnection } from "../../src/explain/verdict.ts"
import { createWorld } from "../../src/explain/world.ts"
import { judgeOf } from "../../src/kinds/registry.ts"
import { randomCluster } from "../random/cluster.ts"
import { connectionsIn } from "../random/connections.ts"
import { connectionText } from "../random/differential.ts"
import { seedOf } from "../random/seed.ts"

const seed = seedOf()

test("the trace tells what was decided, and names every policy that isolates", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const world = createWorld(cluster.snapshot, judgeOf)
      for (const connection of connectionsIn(cluster, world)) {
        const judged = judgeConnection(connection, world)
        const explained = explainConnection(connection, world)
        expect(explained.verdict).toBe(judged.verdict)
        const untold = [explained.egress, explained.ingress].flatMap((each) =>
          each === null ? [] : untoldOf(each),
        )
        expect({ connection: connectionText(connection), untold }).toMatchObject({ untold: [] })
      }
    }),
    { seed, numRuns: 40 },
  )
})

test("what allowed() tells of a pair is what verdict says of every port asked for", {
  timeout: 180_000,
}, () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const world = createWorld(cluster.snapshot, judgeOf)
      for (const connection of connectionsIn(cluster, world)) {
        const { verdict } = judgeConnection(connection, world)
        const told = isAllowed(connection, allowed(connection, world))
        expect([connectionText(connection), told]).toEqual([connectionText(connection), verdict === "Allow"])
      }
    }),
    { seed, numRuns: 10 },
  )
})

test("a policy has nothing to say of a pod elsewhere to which it is not like", { timeout: 180_000 }, () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const world = createWorld(cluster.snapshot, judgeOf)
      for (const connection of connectionsIn(cluster, world)) {
        const question = questionOf(connection, "ingress", world)
        if (question === null) continue
        const { pod } = question.subject
        const like = new Set(Array.from(world.policiesElsewhere(pod), ({ policy }) => policy))
        const told = cluster.snapshot.policies.filter(
          (policy) =>
            policy.metadata.namespace !== pod.namespace &&
            !like.has(policy) &&
            judgeOf(policy).describe(policy, question).length > 0,
        )
        expect(told).toEqual([])
      }
    }),
    { seed, numRuns: 20 },
  )
})

function untoldOf({ verdict, decidedBy, isolatedBy, trace }: DirectionExplanation): readonly string[] {
  const tells = (outcome: string, path: string, policy: DirectionExplanation["decidedBy"]) =>
    trace.some(
      (step) =>
        step.outcome === outcome &&
        step.path === path &&
        policy &&
        step.policy &&
        sameName(step.policy, policy),
    )
  const isDecisionTold = decidedBy === null || tells("accepts", decidedBy.path, decidedBy)
  const isolating = decidedBy === null && verdict === "Deny" ? isolatedBy : []
  const unnamed = isolating.filter((policy) => !tells("selects", "spec", { ...policy, path: "spec" }))
  const conclusion = trace.at(-1)?.outcome
  return [
    ...(isDecisionTold ? [] : [`decision ${decidedBy.path}`]),
    ...unnamed.map(({ name }) => `isolation by ${name}`),
    ...(conclusion === (verdict === "Allow" ? "accepts" : "denies") ? [] : [`conclusion ${conclusion}`]),
  ]
}

function isAllowed({ port }: Connection, answer: ReturnType<typeof allowed>): boolean {
  if (port.kind === "other") return answer.other
  return answer[port.protocol].some(({ from, to }) => from <= port.port && port.port <= to)
}
