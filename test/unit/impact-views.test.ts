// Reports against the connectivity of both moments, with tiers of every action, and against the compiler.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { ClusterView } from "../../src/analysis/cluster-view.ts"
import { connectionText } from "../../src/analysis/connection-set.ts"
import { connectivity } from "../../src/analysis/connectivity.ts"
import { endText } from "../../src/analysis/end.ts"
import { impactOf } from "../../src/analysis/impact/impact.ts"
import { createModel } from "../../src/analysis/model.ts"
import type { ImpactEnd, ImpactReport } from "../../src/api/impact-report.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { ProgramDelta } from "../../src/compile/program.ts"
import type { Change, Pod } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { change, lowerIr, setting } from "../engine/changes.ts"
import { randomImpact } from "../random/impact-change.ts"
import { changed } from "../random/impact-oracle.ts"
import { seedOf } from "../random/seed.ts"

const seed = seedOf()
const LONG = { timeout: 300_000 }

/** What is observed has tests of its own: connectivity tells what flows, and reports what policies say. */
const enforced = (each: Change): Change => {
  if (each.kind !== "namespace" || each.op !== "set") return each
  const { "postern.dev/enforcement": _, ...labels } = each.value.labels
  return { ...each, value: { ...each.value, labels } }
}

const cluster = fc.array(setting.map(enforced), { minLength: 5, maxLength: 30 })
const changes = fc.array(change.map(enforced), { minLength: 1, maxLength: 4 })

test(
  "between workloads a report tells what connectivity tells of one moment and not of the other",
  LONG,
  () => {
    fc.assert(
      fc.property(cluster, changes, (all, tried) => {
        const model = createModel({ lower: lowerIr })
        model.apply(all)
        const report = impactOf({ model, changes: tried, operation: "UPDATE", limit: Infinity })
        const [before, after] = [linesOf(model), linesOf(model.with(tried))]
        const expected = [...new Set([...before.keys(), ...after.keys()])].flatMap((pair) => {
          const [was, is] = [before.get(pair) ?? "", after.get(pair) ?? ""]
          return was === is ? [] : [`${pair}: ${was} then ${is}`]
        })
        const changed = [...report.appearing.listed, ...report.disappearing.listed].flatMap(workloadChange)
        expect([...new Set(changed)].toSorted()).toEqual(expected.toSorted())
      }),
      { seed, numRuns: 500 },
    )
  },
)

test("every node whose program changes is named", LONG, () => {
  fc.assert(
    fc.property(randomImpact, ({ cluster: { snapshot, enforcement }, changes: tried }) => {
      // Whose an address is that several pods claim is not known from identities.
      fc.pre(isEachAddressOnes(snapshot.pods) && isEachAddressOnes(changed(snapshot, tried).pods))
      const model = createModel({ lower, enforcement })
      model.apply(changesTo(snapshot))
      const { nodes } = impactOf({ model, changes: tried, operation: "UPDATE" })
      const engine = createEngine({ lower, enforcement })
      engine.apply(changesTo(snapshot))
      const concerned = nodesOf(engine.apply(tried))
      expect([...concerned].filter((each) => !nodes.includes(each))).toEqual([])
    }),
    { seed, numRuns: 500 },
  )
})

function isEachAddressOnes(pods: readonly Pod[]): boolean {
  const addresses = pods.flatMap((pod) => (pod.finished || pod.hostNetwork ? [] : pod.addresses))
  return new Set(addresses).size === addresses.length
}

function linesOf(view: ClusterView): ReadonlyMap<string, string> {
  return new Map(
    connectivity(view).lines.flatMap(({ source, destination, connections }) =>
      source.kind === "range" || destination.kind === "range"
        ? []
        : [[`${endText(source)} > ${endText(destination)}`, connectionText(connections)] as const],
    ),
  )
}

function workloadChange({
  source,
  destination,
  before,
  after,
}: ImpactReport["appearing"]["listed"][number]): readonly string[] {
  if ("range" in source || "range" in destination) return []
  return [`${nameOf(source)} > ${nameOf(destination)}: ${before} then ${after}`]
}

function nameOf(end: ImpactEnd): string {
  return "range" in end ? end.range : `${end.namespace}/${end.name}[${end.kind}]`
}

function nodesOf({ nodes, sets, namedPortSets }: ProgramDelta): ReadonlySet<string> {
  return new Set([
    ...nodes.filter(({ state }) => state === "kept").map(({ node }) => node),
    ...[...sets, ...namedPortSets].flatMap((each) => each.nodes),
  ])
}
