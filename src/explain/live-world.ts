// A world that follows the cluster: what a question needs is found without looking through everything.
//
// After any changes it answers as createWorld does of the snapshot that is left, listed by namespace and name (a law);
// only where there are many names, likely ones alone are proposed for one that is not there.

import type { Change, Labels, Snapshot } from "../compile/snapshot.ts"
import { type Directory, isBehind, isOf, namesIn, type QualifiedName } from "./directory.ts"
import type { JudgeOf } from "./judge.ts"
import { sorted } from "./live/named.ts"
import { LiveNodes } from "./live/nodes.ts"
import { LivePods } from "./live/pods.ts"
import { LivePolicies } from "./live/policies.ts"
import { SeenFamilies } from "./live/seen-families.ts"
import { LiveServices } from "./live/services.ts"
import { compareTexts } from "./ranked-policy.ts"
import { familiesOf, observes, type World, type WorldSettings } from "./world.ts"

export interface LiveWorld {
  readonly apply: (changes: readonly Change[]) => void
  /** The cluster's mode may change, too. */
  readonly configure: (settings: WorldSettings) => void
  /** Always the same object; what it says changes with what is applied. */
  readonly world: World
}

export interface LiveWorldOptions {
  readonly judgeOf: JudgeOf
  readonly settings: WorldSettings
}

export function createLiveWorld({ judgeOf, settings }: LiveWorldOptions): LiveWorld {
  const cluster = createCluster(judgeOf, settings)
  return {
    apply: (changes) => {
      cluster.snapshot = null
      for (const change of changes) applyChange(change, cluster)
    },
    configure: (changed) => {
      cluster.settings = changed
    },
    world: worldOf(cluster),
  }
}

interface Cluster {
  settings: WorldSettings
  /** Made when somebody asks for it. */
  snapshot: Snapshot | null
  readonly namespaces: Map<string, Labels>
  readonly nodes: LiveNodes
  readonly pods: LivePods
  readonly services: LiveServices
  readonly policies: LivePolicies
  readonly seen: SeenFamilies
}

function createCluster(judgeOf: JudgeOf, settings: WorldSettings): Cluster {
  const seen = new SeenFamilies()
  return {
    settings,
    snapshot: null,
    namespaces: new Map(),
    nodes: new LiveNodes(seen),
    pods: new LivePods(seen),
    services: new LiveServices(),
    policies: new LivePolicies(judgeOf),
    seen,
  }
}

function applyChange(change: Change, cluster: Cluster): void {
  const { namespaces, nodes, pods, services, policies } = cluster
  switch (change.kind) {
    case "namespace":
      if (change.op === "set") namespaces.set(change.value.name, change.value.labels)
      else namespaces.delete(change.name)
      return
    case "node":
      return change.op === "set" ? nodes.set(change.value) : nodes.delete(change.name)
    case "pod":
      return change.op === "set" ? pods.set(change.value) : pods.delete(change.namespace, change.name)
    case "service":
      return change.op === "set" ? services.set(change.value) : services.delete(change.namespace, change.name)
    case "policy":
      return change.op === "set"
        ? policies.set(change.value)
        : policies.delete(change.policyKind, change.namespace, change.name)
  }
}

function worldOf(cluster: Cluster): World {
  const { namespaces, nodes, pods, policies, seen } = cluster
  return {
    ...directoryOf(cluster),
    get snapshot() {
      return (cluster.snapshot ??= snapshotOf(cluster))
    },
    get settings() {
      return cluster.settings
    },
    get families() {
      return familiesOf(cluster.settings, (family) => seen.has(family))
    },
    policiesFor: (namespace) => policies.for(namespace),
    policiesElsewhere: (pod) => policies.elsewhere(pod),
    namespaceLabels: (name) => ({ "kubernetes.io/metadata.name": name, ...namespaces.get(name) }),
    isObserved: (name) => observes(namespaces.get(name), cluster.settings),
    ownerOf: (address) => pods.ownerOf(address),
    nodeOf: (address) => nodes.at(address),
    podNodeOf: (address) => nodes.ranges.nodeOf(address),
  }
}

function directoryOf({ pods, services, nodes }: Cluster): Directory {
  return {
    podsNamed: (namespace, name) => {
      const pod = pods.names.get(namespace, name)
      return pod === null ? [] : [pod]
    },
    podsOf: (namespace, owner) => sorted(pods.names.in(namespace).filter((pod) => isOf(pod, owner))),
    podsBehind: (service) => sorted(pods.names.in(service.namespace).filter((pod) => isBehind(pod, service))),
    serviceNamed: (namespace, name) => services.names.get(namespace, name),
    serviceAt: (address) => services.at(address),
    nodeNamed: (name) => nodes.named(name),
    nodeNames: () => nodes.all().map(({ name }) => name),
    namesLike: (namespace, name) => namesLike({ namespace, name }, pods, services),
  }
}

/** All names are proposed for one that is mistyped while there are no more than so many. */
const FEW_NAMES = 2_000

function namesLike(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { names: pods }: LivePods,
  { names: services }: LiveServices,
): readonly QualifiedName[] {
  if (pods.size + services.size <= FEW_NAMES) return namesIn(pods.all(), services.all())
  return namesIn(
    [...pods.named(name), ...pods.in(namespace).take(FEW_NAMES)],
    [...services.named(name), ...services.in(namespace).take(FEW_NAMES)],
  )
}

function snapshotOf({ namespaces, nodes, pods, services, policies }: Cluster): Snapshot {
  return {
    namespaces: Array.from(namespaces, ([name, labels]) => ({ name, labels })).sort((a, b) =>
      compareTexts(a.name, b.name),
    ),
    nodes: nodes.all(),
    pods: pods.names.all(),
    services: services.names.all(),
    policies: policies.all(),
  }
}
