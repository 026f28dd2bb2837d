// The model kept up with changes is the model made of the cluster as it is then, and trying changes leaves no trace.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { ClusterView, Identity } from "../../src/analysis/cluster-view.ts"
import { connectionText } from "../../src/analysis/connection-set.ts"
import { connectivity } from "../../src/analysis/connectivity.ts"
import { endText } from "../../src/analysis/end.ts"
import { createModel, type Model } from "../../src/analysis/model.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { Snapshot } from "../../src/compile/snapshot.ts"
import { change, lowerIr } from "../engine/changes.ts"
import { applyChange, deletionOf, emptyCluster, snapshotOf } from "../engine/cluster.ts"
import { seedOf } from "../random/seed.ts"

const seed = seedOf()
const LONG = { timeout: 300_000 }
const changes = fc.array(change, { minLength: 1, maxLength: 8 })
const batches = fc.array(changes, { minLength: 1, maxLength: 6 })

function modelOf(snapshot: Snapshot): Model {
  const model = createModel({ lower: lowerIr })
  model.apply(changesTo(snapshot))
  return model
}

/** Everything that a view tells and that does not depend on how it came to be. */
function toldBy(view: ClusterView): unknown {
  const { ends, lines, notes } = connectivity(view)
  return {
    families: view.families,
    namespaces: [...view.namespaces()].toSorted(),
    ends: ends.map((end) => ({ ...end, text: endText(end) })),
    lines: lines.map(({ source, destination, connections, observed }) => {
      return `${endText(source)} → ${endText(destination)}: ${connectionText(connections)} ${observed}`
    }),
    notes,
    policies: Array.from(view.policies(), ({ key }) => key).toSorted(),
    pods: Array.from(view.pods(), ({ namespace, name }) => `${namespace}/${name}`).toSorted(),
    selecting: Array.from(view.pods(), (pod) => {
      const identity = view.identityOf(pod)
      return `${pod.namespace}/${pod.name}: ${identity === undefined ? "" : policiesText(view, identity)}`
    }).toSorted(),
  }
}

function policiesText(view: ClusterView, identity: Identity): string {
  return (["ingress", "egress"] as const)
    .map((direction) => view.policiesOf(identity, direction).map(({ key }) => key))
    .join("; ")
}

test("after every batch the model tells what one of the cluster as it is then tells", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const model = createModel({ lower: lowerIr })
      const cluster = emptyCluster()
      for (const batch of all) {
        model.apply(batch)
        for (const each of batch) applyChange(cluster, each)
        expect(toldBy(model)).toEqual(toldBy(modelOf(snapshotOf(cluster))))
      }
    }),
    { seed, numRuns: 1000 },
  )
})

test("the cluster as it would be is the changed cluster, and the model is as before", LONG, () => {
  fc.assert(
    fc.property(batches, changes, changes, (all, tried, triedElse) => {
      const model = createModel({ lower: lowerIr })
      const cluster = emptyCluster()
      for (const each of all.flat()) applyChange(cluster, each)
      for (const batch of all) model.apply(batch)
      const before = toldBy(model)
      const other = toldBy(model.with(triedElse))
      const would = toldBy(model.with(tried))
      expect(toldBy(model)).toEqual(before)
      expect(toldBy(model.with(triedElse))).toEqual(other)
      for (const each of tried) applyChange(cluster, each)
      expect(would).toEqual(toldBy(modelOf(snapshotOf(cluster))))
    }),
    { seed, numRuns: 1000 },
  )
})

test("identities of two views with equal keys answer alike, and their pods are counted once", LONG, () => {
  fc.assert(
    fc.property(batches, changes, (all, tried) => {
      const model = createModel({ lower: lowerIr })
      for (const batch of all) model.apply(batch)
      for (const view of [model, model.with(tried)]) {
        const identities = [...view.identities()]
        expect(new Set(identities.map(({ key }) => key)).size).toBe(identities.length)
        for (const identity of identities) {
          const pods = [...view.podsOf(identity)]
          expect(view.podCount(identity)).toBe(pods.length)
          for (const pod of pods) expect(view.identityOf(pod)).toBe(identity)
        }
        expect(identities.reduce((sum, each) => sum + view.podCount(each), 0)).toBe([...view.pods()].length)
      }
    }),
    { seed, numRuns: 1000 },
  )
})

test("when everything has been deleted nothing can be reached, and nobody is left", LONG, () => {
  fc.assert(
    fc.property(batches, (all) => {
      const model = createModel({ lower: lowerIr })
      const cluster = emptyCluster()
      for (const batch of all) {
        model.apply(batch)
        for (const each of batch) applyChange(cluster, each)
      }
      model.apply(changesTo(snapshotOf(cluster)).map(deletionOf))
      expect([...model.identities(), ...model.pods(), ...model.policies(), ...model.namespaces()]).toEqual([])
      expect(connectivity(model)).toMatchObject({ lines: [], notes: [] })
      expect(model.runs("ingress").length).toBe(1)
    }),
    { seed, numRuns: 500 },
  )
})
