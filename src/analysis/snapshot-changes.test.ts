import { array, assert, property } from "fast-check"
import { expect, test } from "vitest"
import { change } from "../../test/engine/changes.ts"
import { applyChange, emptyCluster, objectKey, snapshotOf } from "../../test/engine/cluster.ts"
import { networkPolicy, node, pod, service, snapshot } from "../../test/snapshots.ts"
import type { Change, Snapshot } from "../compile/snapshot.ts"
import { snapshotChanges } from "./snapshot-changes.ts"

const cluster = snapshot({
  namespaces: { shop: { team: "a" } },
  nodes: [node("worker")],
  pods: [pod("web", { labels: { app: "web", tier: "front" } })],
  services: [service("web")],
  policies: [networkPolicy("deny", { podSelector: {} })],
})

test.for<[string, Partial<Snapshot>, readonly string[]]>([
  ["nothing differs", {}, []],
  [
    "the order of labels is no difference",
    { pods: [pod("web", { labels: { tier: "front", app: "web" } })] },
    [],
  ],
  ["a label of a pod", { pods: [pod("web", { labels: { app: "web" } })] }, ["set pod"]],
  [
    "an object with another name is one that goes and one that comes",
    { services: [service("front")] },
    ["delete service", "set service"],
  ],
  [
    "a policy of another spec",
    { policies: [networkPolicy("deny", { podSelector: {}, policyTypes: ["Egress"] })] },
    ["set policy"],
  ],
  ["a policy that goes", { policies: [] }, ["delete policy"]],
  [
    "what goes is told first",
    { nodes: [], namespaces: [{ name: "new", labels: {} }] },
    ["delete node", "delete namespace", "set namespace"],
  ],
])("%s", ([, differing, expected]) => {
  const changes = snapshotChanges(cluster, { ...cluster, ...differing })
  expect(changes.map(({ op, kind }) => `${op} ${kind}`)).toEqual(expected)
})

test("whatever two snapshots are, the changes make one of the other, and tell no object twice", () => {
  const clusterOf = (changes: readonly Change[]) => {
    const made = emptyCluster()
    for (const each of changes) applyChange(made, each)
    return made
  }
  const changes = array(change, { maxLength: 20 })
  assert(
    property(changes, changes, (first, second) => {
      const before = clusterOf(first)
      const after = snapshotOf(clusterOf(second))
      const told = snapshotChanges(snapshotOf(before), after)
      for (const each of told) applyChange(before, each)
      const texts = ({ namespaces, nodes, pods, services, policies }: Snapshot) =>
        [namespaces, nodes, pods, services, policies].map((list) =>
          list.map((each) => JSON.stringify(each)).toSorted(),
        )
      expect(texts(snapshotOf(before))).toEqual(texts(after))
      expect(new Set(told.map(objectKey)).size).toBe(told.length)
    }),
  )
})
