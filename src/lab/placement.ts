// Gives what manifests leave open a place: nodes, addresses, pod CIDRs and cluster addresses.
//
// What the snapshot says stays; what it does not say is filled in, in order, so that the same manifests
// always give the same cluster. Afterwards nothing about an address is left to guess.

import type { Node, Pod, Service, Snapshot } from "../compile/snapshot.ts"
import { addressIn, inAny } from "./addresses.ts"
import { isIPv6 } from "./spec.ts"

export function placed(snapshot: Snapshot): Snapshot {
  const used = new Set([
    ...snapshot.pods.flatMap((pod) => pod.addresses),
    ...snapshot.nodes.flatMap((node) => node.addresses),
    ...snapshot.services.flatMap((service) => service.clusterIPs),
  ])
  const named = snapshot.nodes.length > 0 ? snapshot.nodes : [emptyNode("bridged"), emptyNode("routed")]
  const nodes = named.map((node, index) => placedNode(node, index, used))
  for (const node of nodes) for (const address of reserved(node)) used.add(address)
  return {
    ...snapshot,
    nodes,
    pods: snapshot.pods.map((pod, index) => placedPod(pod, scheduled(pod, index, nodes), used)),
    services: snapshot.services.map((service) => placedService(service, used)),
  }
}

function emptyNode(name: string): Node {
  return { name, labels: { "kubernetes.io/hostname": name }, addresses: [], podCIDRs: [] }
}

function placedNode(node: Node, index: number, used: Set<string>): Node {
  const addresses =
    node.addresses.length > 0 ? node.addresses : [take("172.31.0.0/24", used), take("fd00:172:31::/64", used)]
  const podCIDRs = node.podCIDRs.length > 0 ? node.podCIDRs : freeCIDRs(index, used)
  return { ...node, addresses, podCIDRs }
}

/** The first address of each CIDR is the gateway's. */
function reserved(node: Node): readonly string[] {
  return node.podCIDRs.flatMap((cidr) =>
    [addressIn(cidr, 0), addressIn(cidr, 1)].filter((each) => each !== undefined),
  )
}

function freeCIDRs(index: number, used: ReadonlySet<string>): readonly string[] {
  const free = (cidrOf: (number: number) => string) => {
    const candidates = Array.from({ length: 256 }, (_, number) => cidrOf(number))
    const unused = candidates.filter(
      (cidr) => ![...used].some((address) => isIPv6(address) === isIPv6(cidr) && inAny(address, [cidr])),
    )
    const cidr = unused[index + 1]
    if (cidr === undefined) throw new Error("the snapshot uses every pod CIDR that the lab could give a node")
    return cidr
  }
  return [
    free((number) => `10.244.${number}.0/24`),
    free((number) => `fd00:10:244:${number.toString(16)}::/64`),
  ]
}

function scheduled(pod: Pod, index: number, nodes: readonly Node[]): Node | undefined {
  if (pod.node !== "") return nodes.find((node) => node.name === pod.node)
  return nodes[index % nodes.length]
}

function placedPod(pod: Pod, node: Node | undefined, used: Set<string>): Pod {
  if (node === undefined || pod.finished) return pod
  if (pod.hostNetwork)
    return { ...pod, node: node.name, addresses: pod.addresses.length > 0 ? pod.addresses : node.addresses }
  const addresses = pod.addresses.length > 0 ? pod.addresses : node.podCIDRs.map((cidr) => take(cidr, used))
  return { ...pod, node: node.name, addresses }
}

function placedService(service: Service, used: Set<string>): Service {
  const isPlain = Object.keys(service.selector).length > 0 && service.clusterIPs.length === 0
  return isPlain
    ? { ...service, clusterIPs: [take("10.96.0.0/16", used), take("fd00:10:96::/112", used)] }
    : service
}

function take(cidr: string, used: Set<string>): string {
  for (let offset = 10; ; offset++) {
    const address = addressIn(cidr, offset)
    if (address === undefined) throw new Error(`no free address is left in ${cidr}`)
    if (used.has(address)) continue
    used.add(address)
    return address
  }
}
