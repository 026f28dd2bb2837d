// What the cluster cannot do without, asked of a view: is cluster DNS served, is the API server reached, are agents?
//
// Each is true where nothing is known of the pods in question, or where they are on the host network: no policy applies
// there. What is denied in an observed namespace is only counted.

import { contains, unionOfBlocks } from "../../compile/address-ranges.ts"
import type { Direction, Peers, Ports, Rule } from "../../compile/policy-ir.ts"
import { selects } from "../../compile/selector.ts"
import type { Labels, Node } from "../../compile/snapshot.ts"
import type { ClusterView, Identity } from "../cluster-view.ts"
import { isHeld, labelsSelector } from "./cluster.ts"
import { mayPass } from "./may-pass.ts"

export interface GuardedPods {
  readonly namespace: string
  readonly labels: Labels
}

/** Where the controller serves its agents. */
const AGENT_PORT = 10650
const CONTROL_PLANE = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
/** Of the API server itself: what Service default/kubernetes leads to, where it is not told. */
const API_PORTS = [6443, 443]

/** Some pod of the cluster, or an address, may ask some DNS pod by UDP, as resolvers do first. */
export function isDnsServed(view: ClusterView, dns: GuardedPods): boolean {
  return someMay({ view, guarded: dns, direction: "ingress" }, ({ action, peers, ports }, server) => {
    if (!holdsPort(ports, DNS, server)) return false
    if (action !== "Accept") return peers.kind === "any"
    return peers.kind === "any" || peers.blocks.length > 0 || peers.pods.some((each) => isHeld(each, view))
  })
}

/** Selectors never mean the API server: it is on a node or outside. */
export function reachesApiServer(view: ClusterView, guarded: GuardedPods): boolean {
  const ports = apiPorts(view)
  const addresses = [...view.nodes()].filter(isControlPlane).flatMap((node) => node.addresses)
  return someMay({ view, guarded, direction: "egress" }, ({ action, peers, ports: allowed }) => {
    // It is no pod that names its ports.
    if (!holdsPort(allowed, { protocol: "TCP", numbers: ports }, NOBODY)) return false
    return action === "Accept" ? mayHold(peers, addresses) : peers.kind === "any"
  })
}

/** Each by itself: that one of them is reached, or reaches what it needs, is no help to another. */
export function componentOf(postern: GuardedPods, component: "controller" | "webhook"): GuardedPods {
  return { ...postern, labels: { ...postern.labels, "app.kubernetes.io/component": component } }
}

/** Agents are on the host network of every node. */
export function servesAgents(view: ClusterView, controllers: GuardedPods): boolean {
  const addresses = [...view.nodes()].flatMap((node) => node.addresses)
  return someMay({ view, guarded: controllers, direction: "ingress" }, ({ action, peers, ports }, server) => {
    if (!holdsPort(ports, { protocol: "TCP", numbers: [AGENT_PORT] }, server)) return false
    return action === "Accept" ? mayHold(peers, addresses) : peers.kind === "any"
  })
}

export function identitiesOf(view: ClusterView, { namespace, labels }: GuardedPods): readonly Identity[] {
  const selector = labelsSelector(labels)
  return [...view.identities(namespace)].filter((identity) => {
    if (identity.kind === "host") return false
    // An identity has only the labels that some policy names.
    for (const pod of view.podsOf(identity)) if (selects(selector, pod.labels)) return true
    return false
  })
}

interface Guarded {
  readonly view: ClusterView
  readonly guarded: GuardedPods
  readonly direction: Direction
}

function someMay(
  { view, guarded, direction }: Guarded,
  isAbout: (rule: Rule, identity: Identity) => boolean,
): boolean {
  if (view.isObserved(guarded.namespace)) return true
  const identities = identitiesOf(view, guarded)
  return (
    identities.length === 0 ||
    identities.some((identity) =>
      mayPass(view.policiesOf(identity, direction), direction, (rule) => isAbout(rule, identity)),
    )
  )
}

/** Everyone, or a block with one of the addresses; where none is known any block may be meant. */
function mayHold(peers: Peers, addresses: readonly string[]): boolean {
  if (peers.kind === "any") return true
  if (addresses.length === 0) return peers.blocks.length > 0
  const ranges = unionOfBlocks(peers.blocks)
  return addresses.some((address) => contains(ranges, address))
}

interface PortsAsked {
  readonly protocol: "TCP" | "UDP"
  readonly numbers: readonly number[]
}

/** As resolvers ask first. */
export const DNS: PortsAsked = { protocol: "UDP", numbers: [53] }
const NOBODY: Pick<Identity, "ports"> = { ports: [] }

/** A name is what the pods that are asked mean by it: a misspelt one is no port at all. */
export function holdsPort(
  ports: Ports,
  { protocol, numbers }: PortsAsked,
  server: Pick<Identity, "ports">,
): boolean {
  if (ports.kind === "any") return true
  const isNamed = (name: string): boolean =>
    server.ports.some(
      (each) => each.name === name && each.protocol === protocol && numbers.includes(each.port),
    )
  return (
    ports.names.some((each) => each.protocol === protocol && isNamed(each.name)) ||
    ports.ranges.some(
      (range) =>
        range.protocol === protocol && numbers.some((each) => range.from <= each && each <= range.to),
    )
  )
}

function apiPorts(view: ClusterView): readonly number[] {
  for (const { namespace, name, ports } of view.services()) {
    if (namespace !== "default" || name !== "kubernetes") continue
    const numbers = ports.map(({ targetPort }) => targetPort).filter((each) => typeof each === "number")
    if (numbers.length > 0) return numbers
  }
  return API_PORTS
}

function isControlPlane({ labels }: Node): boolean {
  return CONTROL_PLANE.some((label) => Object.hasOwn(labels, label))
}
