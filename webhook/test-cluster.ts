// A small cluster as the webhook follows it, for tests.

import { createModel } from "../src/analysis/model.ts"
import type { Change, PolicyObject } from "../src/compile/snapshot.ts"
import { createLiveWorld } from "../src/explain/live-world.ts"
import { DEFAULT_SETTINGS } from "../src/explain/world.ts"
import { judgeOf, lower } from "../src/kinds/registry.ts"
import {
  assertionResource,
  type ClusterAssertion,
} from "../src/kubernetes/resources/connectivity-assertion.ts"
import { networkPolicy, pod } from "../test/snapshots.ts"
import type { ClusterFollower } from "./cluster-view.ts"

const allowDb = networkPolicy("db", {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }],
})
const pods = [
  pod("web", { labels: { app: "web" }, addresses: ["10.0.0.1"] }),
  pod("db", { labels: { app: "db" }, addresses: ["10.0.0.2"] }),
  pod("client", { namespace: "other", labels: { app: "client" }, addresses: ["10.0.0.3"] }),
]
export const set = (value: PolicyObject): Change => ({ kind: "policy", op: "set", value })

/** Pods web and db of shop, client of other; web may reach db. `specs`: of assertions, by namespace/name. */
export function testCluster(specs: Readonly<Record<string, unknown>> = {}): ClusterFollower {
  const model = createModel({ lower })
  const world = createLiveWorld({ judgeOf, settings: DEFAULT_SETTINGS })
  const changes: readonly Change[] = [
    ...["shop", "other"].map(
      (name): Change => ({ kind: "namespace", op: "set", value: { name, labels: {} } }),
    ),
    ...pods.map((value): Change => ({ kind: "pod", op: "set", value })),
    set(allowDb),
  ]
  model.apply(changes)
  world.apply(changes)
  const assertions = Object.entries(specs).map(([key, spec]): ClusterAssertion => {
    const [namespace = "", name = ""] = key.split("/")
    return assertionResource.decode({ spec }, { namespace, name }, (mistake) => {
      throw new Error(mistake)
    })
  })
  return {
    model,
    world,
    assertions: () => assertions,
    start: () => undefined,
    stop: async () => undefined,
    synced: Promise.resolve(),
    setEnforcement: () => undefined,
    revision: () => "pods 7",
    missing: () => "",
    stale: () => "",
  }
}
