// A lab of a snapshot: its pods that hold addresses, its nodes, its Services with the endpoints they select.

import { labelValue } from "../compile/selector.ts"
import type { Pod, Service, ServicePort, Snapshot } from "../compile/snapshot.ts"
import { createLab, type Lab } from "./lab.ts"
import type { LabServicePort, LabSpec, NodeNetwork } from "./spec.ts"

export interface SnapshotLabOptions {
  readonly outside?: readonly string[]
  /** By default the first node is bridged, the second routed, and so on in turn. */
  readonly network?: (node: string, index: number) => NodeNetwork
}

/** What the lab calls the host outside, unless told. */
export const defaultOutside = ["203.0.113.10", "2001:db8:113::10"]

export function labFromSnapshot(snapshot: Snapshot, options: SnapshotLabOptions = {}): Promise<Lab> {
  return createLab(labSpecOf(snapshot, options))
}

export function labSpecOf(snapshot: Snapshot, options: SnapshotLabOptions = {}): LabSpec {
  const network = options.network ?? ((_, index) => (index % 2 === 0 ? "bridge" : "routed"))
  const nodes = new Set(snapshot.nodes.map((node) => node.name))
  const running = snapshot.pods.filter((pod) => !pod.finished && nodes.has(pod.node))
  return {
    nodes: snapshot.nodes.map(({ name, addresses, podCIDRs }, index) => {
      return { name, addresses, podCIDRs, network: network(name, index) }
    }),
    pods: running
      .filter((pod) => pod.hostNetwork || pod.addresses.length > 0)
      .map(({ namespace, name, node, addresses, hostNetwork }) => {
        return { namespace, name, node, addresses: hostNetwork ? [] : addresses }
      }),
    services: snapshot.services.map((service) => ({
      namespace: service.namespace,
      name: service.name,
      clusterIPs: service.clusterIPs.filter((address) => address !== "None"),
      ports: service.ports.map((port) => servicePort(port, endpointsOf(service, running))),
    })),
    outside: options.outside ?? defaultOutside,
  }
}

function endpointsOf(service: Service, pods: readonly Pod[]): readonly Pod[] {
  const wanted = Object.entries(service.selector)
  if (wanted.length === 0) return []
  return pods.filter(
    (pod) =>
      pod.namespace === service.namespace &&
      wanted.every(([key, value]) => labelValue(pod.labels, key) === value),
  )
}

function servicePort(port: ServicePort, pods: readonly Pod[]): LabServicePort {
  const backends = pods.flatMap((pod) => {
    const target = targetPort(port, pod)
    return target === undefined ? [] : pod.addresses.map((address) => ({ address, port: target }))
  })
  return { protocol: port.protocol, port: port.port, nodePort: port.nodePort ?? null, backends }
}

/** A name is looked up on each pod; a pod without it is no endpoint of this port. */
function targetPort({ protocol, targetPort: target }: ServicePort, pod: Pod): number | undefined {
  if (typeof target === "number") return target
  return pod.ports.find((each) => each.name === target && each.protocol === protocol)?.port
}
