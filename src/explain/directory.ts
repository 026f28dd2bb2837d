// What the things of a cluster are called: where a reference is looked up.

import type { Node, Pod, Service, Snapshot, WorkloadReference } from "../compile/snapshot.ts"
import { addressKey } from "./address.ts"

export interface Directory {
  /** Pods of this name, finished ones too. */
  readonly podsNamed: (namespace: string, name: string) => readonly Pod[]
  /** Pods of a workload, finished ones too. */
  readonly podsOf: (namespace: string, owner: WorkloadReference) => readonly Pod[]
  /** Pods that run and that the Service's selector holds; an empty selector holds none. */
  readonly podsBehind: (service: Service) => readonly Pod[]
  readonly serviceNamed: (namespace: string, name: string) => Service | null
  /** The Service that has the address as a ClusterIP. */
  readonly serviceAt: (address: string) => Service | null
  readonly nodeNamed: (name: string) => Node | null
  readonly nodeNames: () => readonly string[]
  /** What could have been meant by a name, each with the namespace that it is in; all there is, or what is likely. */
  readonly namesLike: (namespace: string, name: string) => readonly QualifiedName[]
}

export interface QualifiedName {
  readonly namespace: string
  /** As it is written: shop/web, shop/Deployment/web. */
  readonly text: string
}

/** By looking through everything; enough for what is read from files. */
export function snapshotDirectory({ pods, services, nodes }: Snapshot): Directory {
  const podsIn = Map.groupBy(pods, ({ namespace }) => namespace)
  const inNamespace = (namespace: string) => podsIn.get(namespace) ?? []
  return {
    podsNamed: (namespace, name) => inNamespace(namespace).filter((pod) => pod.name === name),
    podsOf: (namespace, owner) => inNamespace(namespace).filter((pod) => isOf(pod, owner)),
    podsBehind: (service) => inNamespace(service.namespace).filter((pod) => isBehind(pod, service)),
    serviceNamed: (namespace, name) =>
      services.find((each) => each.namespace === namespace && each.name === name) ?? null,
    serviceAt: (address) => {
      const key = addressKey(address)
      return services.find(({ clusterIPs }) => clusterIPs.some((each) => addressKey(each) === key)) ?? null
    },
    nodeNamed: (name) => nodes.find((each) => each.name === name) ?? null,
    nodeNames: () => nodes.map(({ name }) => name),
    namesLike: () => namesIn(pods, services),
  }
}

/** For somebody who may not know of all: what is in other namespaces has no name, though still its address. */
export function visibleDirectory(all: Directory, sees: Sight): Directory {
  return {
    podsNamed: (namespace, name) => (sees.namespace(namespace) ? all.podsNamed(namespace, name) : []),
    podsOf: (namespace, owner) => (sees.namespace(namespace) ? all.podsOf(namespace, owner) : []),
    podsBehind: (service) => all.podsBehind(service),
    serviceNamed: (namespace, name) => (sees.namespace(namespace) ? all.serviceNamed(namespace, name) : null),
    serviceAt: (address) => all.serviceAt(address),
    nodeNamed: (name) => (sees.nodes ? all.nodeNamed(name) : null),
    nodeNames: () => (sees.nodes ? all.nodeNames() : []),
    namesLike: (namespace, name) =>
      all.namesLike(namespace, name).filter((each) => sees.namespace(each.namespace)),
  }
}

export interface Sight {
  readonly namespace: (namespace: string) => boolean
  readonly nodes: boolean
}

export function isOf({ owner }: Pod, { kind, name }: WorkloadReference): boolean {
  return owner?.kind === kind && owner.name === name
}

export function isBehind(pod: Pod, { selector }: Service): boolean {
  const wanted = Object.entries(selector)
  return (
    wanted.length > 0 &&
    !pod.finished &&
    wanted.every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value)
  )
}

/** Pods that belong to nothing, workloads, Services. */
export function namesIn(pods: readonly Pod[], services: readonly Service[]): readonly QualifiedName[] {
  return [
    ...pods.flatMap(({ namespace, name, owner }) =>
      owner === undefined ? [{ namespace, text: `${namespace}/${name}` }] : [],
    ),
    ...pods.flatMap(({ namespace, owner }) =>
      owner === undefined ? [] : [{ namespace, text: `${namespace}/${owner.kind}/${owner.name}` }],
    ),
    ...services.map(({ namespace, name }) => ({ namespace, text: `${namespace}/Service/${name}` })),
  ]
}
