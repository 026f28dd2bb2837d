// postern diff against two whole connectivity analyses, on every example.

import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { impactEndText } from "../../src/analysis/connection-groups.ts"
import { connectionText, NO_CONNECTIONS, subtract } from "../../src/analysis/connection-set.ts"
import { type ConnectivityLine, connectivity } from "../../src/analysis/connectivity.ts"
import { endText } from "../../src/analysis/end.ts"
import { createModel } from "../../src/analysis/model.ts"
import { snapshotChanges } from "../../src/analysis/snapshot-changes.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import { compare } from "../../src/cli/diff/compare.ts"
import type { Side } from "../../src/cli/diff/sides.ts"
import { readInput } from "../../src/cli/input.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"

const examples = fileURLToPath(new URL("../../policies-examples", import.meta.url))
const names = readdirSync(examples, { withFileTypes: true })
  .filter((each) => each.isDirectory())
  .map(({ name }) => name)

function sideOf(name: string, keep: (policy: PolicyObject, index: number) => boolean): Side {
  const read = readInput([`${examples}/${name}`], "default")
  if (!read.ok) throw new Error(name)
  const { snapshot } = read.value
  const policies = snapshot.policies.filter(keep)
  return { label: name, input: { ...read.value, snapshot: { ...snapshot, policies } } }
}

/** Between workloads: outside ranges are cut by the policies of one side or of both. */
function linesOf({ input }: Side): ReadonlyMap<string, ConnectivityLine> {
  const model = createModel({ lower })
  const nothing = { namespaces: [], pods: [], nodes: [], services: [], policies: [] }
  model.apply(snapshotChanges(nothing, input.snapshot))
  const lines = connectivity(model).lines.filter(
    ({ source, destination }) => source.kind === "workload" && destination.kind === "workload",
  )
  return new Map(lines.map((line) => [`${endText(line.source)} → ${endText(line.destination)}`, line]))
}

function lost(before: Side, after: Side): readonly string[] {
  const later = linesOf(after)
  return [...linesOf(before)]
    .map(([pair, { connections }]) => {
      const gone = subtract(connections, later.get(pair)?.connections ?? NO_CONNECTIONS)
      return [pair, connectionText(gone)]
    })
    .filter(([, text]) => text !== "")
    .map(([pair, text]) => `${pair} ${text}`)
    .toSorted()
}

function listed({ listed }: ImpactReport["appearing"]): readonly string[] {
  return listed
    .filter(({ source, destination }) => "kind" in source && "kind" in destination)
    .map(
      ({ source, destination, changed }) =>
        `${impactEndText(source)} → ${impactEndText(destination)} ${changed}`,
    )
    .toSorted()
}

const everything = { podCIDRs: [], limit: 100_000 }

test.for(names)("%s: what its policies take away, and give back when they go", (name) => {
  const without = sideOf(name, () => false)
  const all = sideOf(name, () => true)
  const there = compare({ before: without, after: all, notes: [] }, everything).impact
  expect(listed(there.disappearing)).toEqual(lost(without, all))
  expect(listed(there.appearing)).toEqual(lost(all, without))
  const back = compare({ before: all, after: without, notes: [] }, everything).impact
  expect(listed(back.appearing)).toEqual(lost(without, all))
})

test.for(names)("%s: one policy less", (name) => {
  const all = sideOf(name, () => true)
  const fewer = sideOf(name, (_, index) => index > 0)
  const { impact } = compare({ before: all, after: fewer, notes: [] }, everything)
  expect(listed(impact.disappearing)).toEqual(lost(all, fewer))
  expect(listed(impact.appearing)).toEqual(lost(fewer, all))
})

test("workloads that come or go change nothing between the others", () => {
  const all = sideOf("online-boutique", () => true)
  const { snapshot } = all.input
  const pods = snapshot.pods.filter(({ labels }) => labels["app"] !== "redis-cart")
  expect(pods.length).toBeLessThan(snapshot.pods.length)
  const fewer: Side = { ...all, input: { ...all.input, snapshot: { ...snapshot, pods } } }
  const gone = compare({ before: all, after: fewer, notes: [] }, everything)
  expect(gone.workloads.removed.map(({ name }) => name)).toEqual(["redis-cart"])
  expect([gone.different, gone.impact.disappearing.pairs, gone.impact.appearing.pairs]).toEqual([true, 0, 0])
})
