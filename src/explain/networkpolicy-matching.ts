// What the parts of a NetworkPolicy hold: subject, directions, rules, peers, ports, straight from its spec.
//
// Written to be obviously right, not fast. The source is the API reference of NetworkPolicySpec v1. What
// the API server would refuse matches nothing.

import type { Pod, PolicyObject } from "../compile/snapshot.ts"
import { blockHolds, blockTouches, parseBlock } from "./address.ts"
import { type Address, type Direction, destinationPod, type Question } from "./judge.ts"
import { selectorHolds } from "./labels.ts"
import { field, items, text } from "./raw.ts"

export function selectsPod(policy: PolicyObject, pod: Pod): boolean {
  const { namespace } = policy.metadata
  return namespace === pod.namespace && selectorHolds(field(policy.spec, "podSelector"), pod.labels)
}

/** Without policyTypes: ingress always, egress where there is an egress rule. */
export function policyTypes(spec: unknown): readonly Direction[] {
  const named = items(field(spec, "policyTypes")).map(text)
  if (named.length === 0) return rulesOf(spec, "egress").length > 0 ? ["ingress", "egress"] : ["ingress"]
  const directions: readonly Direction[] = ["ingress", "egress"]
  return directions.filter((direction) => named.includes(typeName(direction)))
}

export function typeName(direction: Direction): "Ingress" | "Egress" {
  return direction === "ingress" ? "Ingress" : "Egress"
}

export function rulesOf(spec: unknown, direction: Direction): readonly unknown[] {
  return items(field(spec, direction))
}

/** Key of a rule's peers. */
export function peersKey(direction: Direction): "from" | "to" {
  return direction === "ingress" ? "from" : "to"
}

export function peersOf(rule: unknown, direction: Direction): readonly unknown[] {
  return items(field(rule, peersKey(direction)))
}

export function portsOf(rule: unknown): readonly unknown[] {
  return items(field(rule, "ports"))
}

/** Some peer and some port hold together. No peers: every peer. No ports: every port of every protocol, ICMP too. */
export function ruleHolds(rule: unknown, policy: PolicyObject, question: Question): boolean {
  const peers = peersOf(rule, question.direction)
  if (peers.length === 0) return portsHold(rule, null, question)
  return peers.some((peer) => peerHolds(peer, policy, question) && portsHold(rule, peer, question))
}

/** The rule's ports as they hold for one of its peers, or for every peer (null). */
export function portsHold(rule: unknown, peer: unknown, question: Question): boolean {
  const ports = portsOf(rule)
  return ports.length === 0 || ports.some((port) => portHolds(port, peer, question))
}

export function peerHolds(peer: unknown, policy: PolicyObject, question: Question): boolean {
  const ipBlock = field(peer, "ipBlock")
  const podSelector = field(peer, "podSelector")
  const namespaceSelector = field(peer, "namespaceSelector")
  if (ipBlock !== undefined) {
    return (
      podSelector === undefined &&
      namespaceSelector === undefined &&
      ipBlockHolds(ipBlock, question.peer.address)
    )
  }
  if (podSelector === undefined && namespaceSelector === undefined) return false
  return peerInNamespaces(peer, policy, question) && peerHasLabels(peer, question)
}

/** Without namespaceSelector: the policy's own namespace. Only a pod is in a namespace: a host-network pod is its node. */
export function peerInNamespaces(peer: unknown, policy: PolicyObject, question: Question): boolean {
  if (question.peer.kind !== "pod") return false
  const { namespace } = question.peer.pod
  const namespaceSelector = field(peer, "namespaceSelector")
  if (namespaceSelector === undefined) return namespace === policy.metadata.namespace
  return selectorHolds(namespaceSelector, question.namespaceLabels(namespace))
}

function peerHasLabels(peer: unknown, question: Question): boolean {
  return question.peer.kind === "pod" && selectorHolds(field(peer, "podSelector"), question.peer.pod.labels)
}

/** In the block and in none of its excepts, whoever owns the address. */
export function ipBlockHolds(ipBlock: unknown, address: Address): boolean {
  const block = parseBlock(text(field(ipBlock, "cidr")))
  if (block === null || !blockHolds(block, address)) return false
  return items(field(ipBlock, "except")).every((each) => {
    const except = parseBlock(text(each))
    return except !== null && !blockTouches(except, address)
  })
}

export function portHolds(port: unknown, peer: unknown, question: Question): boolean {
  const asked = question.port
  if (asked.kind === "other" || asked.protocol !== protocolOf(port)) return false
  const range = rangeOf(port)
  if (range !== null) return range.from <= asked.port && asked.port <= range.to
  const name = nameOf(port)
  return name !== null && !namesNoPod(peer, question) && servesName(question, name)
}

/** The destination as an ipBlock is an address, and an address has no port names, whoever owns it. */
export function namesNoPod(peer: unknown, question: Question): boolean {
  return question.direction === "egress" && field(peer, "ipBlock") !== undefined
}

export function protocolOf(port: unknown): string {
  const protocol = field(port, "protocol")
  return protocol === undefined ? "TCP" : text(protocol)
}

/** Numbers that a port means, or null where it means a name or nothing. */
export function rangeOf(port: unknown): { readonly from: number; readonly to: number } | null {
  const from = field(port, "port")
  const to = field(port, "endPort")
  if (from === undefined) return to === undefined ? { from: 0, to: 65535 } : null
  if (typeof from !== "number") return null
  if (to === undefined) return { from, to: from }
  return typeof to === "number" ? { from, to } : null
}

/** A port in text is a name, also where the text looks like a number. */
export function nameOf(port: unknown): string | null {
  const name = field(port, "port")
  return typeof name === "string" && field(port, "endPort") === undefined ? name : null
}

/** The destination is a pod that has a port of that name, protocol and number. */
function servesName(question: Question, name: string): boolean {
  const { port } = question
  const destination = destinationPod(question)
  if (destination === null || port.kind === "other") return false
  return destination.ports.some(
    (each) => each.name === name && each.protocol === port.protocol && each.port === port.port,
  )
}
