// What a NetworkPolicy tried and why it did not hold, step by step.
//
// The words ask the same predicates that judge, so they cannot tell another story.

import type { PolicyObject } from "../compile/snapshot.ts"
import { ipBlockAssumption, ipBlockMiss } from "./ip-block-words.ts"
import { destinationPod, type Question, type Step } from "./judge.ts"
import { selectorMiss, selectorText } from "./near-miss.ts"
import {
  nameOf,
  namesNoPod,
  peerHolds,
  peerInNamespaces,
  peersKey,
  peersOf,
  policyTypes,
  portHolds,
  portsHold,
  portsOf,
  protocolOf,
  rangeOf,
  ruleHolds,
  rulesOf,
  selectsPod,
  typeName,
} from "./networkpolicy-matching.ts"
import { field } from "./raw.ts"
import { endpointText, portText } from "./words.ts"

export function describeNetworkPolicy(policy: PolicyObject, question: Question): readonly Step[] {
  const { direction, subject } = question
  const name = `${subject.pod.namespace}/${subject.pod.name}`
  if (!selectsPod(policy, subject.pod)) return describeSubjectMiss(policy, question)
  if (!policyTypes(policy.spec).includes(direction)) return [describeOtherDirection(policy, question)]
  const isolation: Step = {
    path: "spec",
    outcome: "selects",
    text: `selects ${name} and isolates its ${direction}`,
  }
  const rules = rulesOf(policy.spec, direction)
  if (rules.length === 0) {
    const path = `spec.${direction}`
    return [isolation, { path, outcome: "no-match", text: `has no ${direction} rule: it accepts nothing` }]
  }
  return [isolation, ...describeRules(policy, question)]
}

/** Only what was nearly selected is worth a word. */
function describeSubjectMiss(policy: PolicyObject, question: Question): readonly Step[] {
  const { pod } = question.subject
  const selector = field(policy.spec, "podSelector")
  const path = "spec.podSelector"
  const miss = selectorMiss(selector, pod.labels)
  if (policy.metadata.namespace === pod.namespace) {
    if (miss === null || !miss.near) return []
    return [
      { path, outcome: "near-miss", text: `does not select ${pod.namespace}/${pod.name}: it ${miss.text}` },
    ]
  }
  if (miss !== null || selectorText(selector) === selectorText({})) return []
  const text = `selects such labels in namespace ${policy.metadata.namespace} only; ${pod.name} is in ${pod.namespace}`
  return [{ path, outcome: "near-miss", text }]
}

function describeOtherDirection(policy: PolicyObject, question: Question): Step {
  const { direction, subject } = question
  const others = policyTypes(policy.spec).map(typeName).join(" and ")
  const selects = `selects ${subject.pod.namespace}/${subject.pod.name} for ${others || "no direction"} only`
  const written = field(policy.spec, "policyTypes") !== undefined
  if (!written && Array.isArray(field(policy.spec, direction))) {
    const text = `${selects}: an empty ${direction} list without policyTypes does not isolate ${direction}`
    return { path: `spec.${direction}`, outcome: "near-miss", text }
  }
  if (written && rulesOf(policy.spec, direction).length > 0) {
    const text = `${selects}: its ${direction} rules are without effect, policyTypes does not name ${typeName(direction)}`
    return { path: "spec.policyTypes", outcome: "near-miss", text }
  }
  return { path: written ? "spec.policyTypes" : "spec", outcome: "no-match", text: selects }
}

/** Rules up to and including the first that holds. */
function describeRules(policy: PolicyObject, question: Question): readonly Step[] {
  const rules = rulesOf(policy.spec, question.direction)
  const accepting = rules.findIndex((rule) => ruleHolds(rule, policy, question))
  const tried = accepting < 0 ? rules : rules.slice(0, accepting + 1)
  return tried.flatMap((rule, index) => {
    const path = `spec.${question.direction}[${index}]`
    const holds = index === accepting
    return [
      ...(holds
        ? [describeAccept(rule, path, policy, question)]
        : describeRuleMiss(rule, path, policy, question)),
      ...describeAssumptions(rule, path, question),
    ]
  })
}

function describeAccept(rule: unknown, path: string, policy: PolicyObject, question: Question): Step {
  const peers = peersOf(rule, question.direction)
  const peer = peers.findIndex((each) => peerHolds(each, policy, question) && portsHold(rule, each, question))
  const port = portsOf(rule).findIndex((each) => portHolds(each, peers[peer] ?? null, question))
  const who = peer < 0 ? "every peer" : `${peersKey(question.direction)}[${peer}] (${peerText(peers[peer])})`
  const what = port < 0 ? "every port" : `ports[${port}] (${wantedPortText(portsOf(rule)[port])})`
  return {
    path,
    outcome: "accepts",
    text: `${who} holds ${endpointText(question.peer)}, ${what} holds ${portText(question.port)}`,
  }
}

function describeRuleMiss(
  rule: unknown,
  path: string,
  policy: PolicyObject,
  question: Question,
): readonly Step[] {
  const peers = peersOf(rule, question.direction)
  const key = peersKey(question.direction)
  const holding = peers.findIndex((peer) => peerHolds(peer, policy, question))
  if (peers.length === 0 || holding >= 0) {
    const who = holding < 0 ? "every peer" : `${key}[${holding}]`
    return describePortMisses(rule, path, question, { who, peer: peers[holding] ?? null })
  }
  return peers.map((peer, index): Step => {
    const miss = peerMiss(peer, policy, question)
    return {
      path: `${path}.${key}[${index}]`,
      outcome: miss.near ? "near-miss" : "no-match",
      text: miss.text,
    }
  })
}

interface HeldPeer {
  readonly who: string
  readonly peer: unknown
}

/** The peer is right and only the port is not: always a near miss. */
function describePortMisses(
  rule: unknown,
  path: string,
  question: Question,
  held: HeldPeer,
): readonly Step[] {
  const holds = `${held.who} holds ${endpointText(question.peer)}`
  return portsOf(rule).map((port, index): Step => {
    const text = `${holds}, but ${portMissText(port, question, held.peer)}`
    return { path: `${path}.ports[${index}]`, outcome: "near-miss", text }
  })
}

function portMissText(port: unknown, question: Question, peer: unknown): string {
  const asked = question.port
  const wanted = wantedPortText(port)
  if (asked.kind === "other") return `a rule with ports never accepts ${asked.protocol}`
  const name = nameOf(port)
  if (name === null) return `wants ${wanted}, not ${portText(asked)}`
  if (namesNoPod(peer, question)) return `an ipBlock has no port named "${name}"`
  const destination = destinationPod(question)
  if (destination === null) return `${endpointText(question.peer)} is no pod and has no port named "${name}"`
  const who = `${destination.namespace}/${destination.name}`
  const named = destination.ports.filter((each) => each.name === name)
  if (named.length > 0)
    return `"${name}" of ${who} is ${named.map((each) => `${each.port}/${each.protocol}`).join(", ")}, not ${portText(asked)}; the rule wants ${wanted}`
  const hint = /^\d+$/.test(name) ? `; a port in quotes is a name, not the number ${name}` : ""
  const others = destination.ports.filter((each) => each.name !== "").map((each) => each.name)
  const has = others.length > 0 ? ` (it names ${[...new Set(others)].join(", ")})` : ""
  return `${who} has no port named "${name}"${has}${hint}`
}

function wantedPortText(port: unknown): string {
  const protocol = protocolOf(port)
  const name = nameOf(port)
  if (name !== null) return `"${name}"/${protocol}`
  const range = rangeOf(port)
  if (range === null) return `nothing: its port cannot be read`
  if (range.from === 0 && range.to === 65535) return `every ${protocol} port`
  return range.from === range.to ? `${range.from}/${protocol}` : `${range.from}-${range.to}/${protocol}`
}

function peerText(peer: unknown): string {
  const block = field(peer, "ipBlock")
  if (block !== undefined) return `ipBlock ${String(field(block, "cidr"))}`
  const namespaces = field(peer, "namespaceSelector")
  const pods = `pods with ${selectorText(field(peer, "podSelector"))}`
  return namespaces === undefined ? pods : `${pods} in namespaces with ${selectorText(namespaces)}`
}

function peerMiss(
  peer: unknown,
  policy: PolicyObject,
  question: Question,
): { readonly text: string; readonly near: boolean } {
  const ipBlock = field(peer, "ipBlock")
  const other = endpointText(question.peer)
  if (ipBlock !== undefined) return ipBlockMiss(ipBlock, question.peer)
  if (question.peer.kind !== "pod") {
    return {
      text: `wants pods; ${other} is none: only an ipBlock can hold it`,
      near: question.peer.kind === "node" && question.peer.pod !== null,
    }
  }
  const { namespace, labels } = question.peer.pod
  const labelMiss = selectorMiss(field(peer, "podSelector"), labels)
  if (peerInNamespaces(peer, policy, question)) {
    return labelMiss === null
      ? { text: "cannot be read and holds nothing", near: false }
      : { text: `does not hold ${other}: it ${labelMiss.text}`, near: labelMiss.near }
  }
  const namespaceSelector = field(peer, "namespaceSelector")
  if (namespaceSelector === undefined) {
    const near = labelMiss === null
    const but = near ? "has the labels, but the peer looks" : "is not held: the peer looks"
    return {
      text: `${other} ${but} in namespace ${policy.metadata.namespace} only (no namespaceSelector)`,
      near,
    }
  }
  const namespaceMiss = selectorMiss(namespaceSelector, question.namespaceLabels(namespace))
  const also = labelMiss === null ? "" : `; and ${other} ${labelMiss.text}`
  const text = `does not hold namespace ${namespace}: it ${namespaceMiss?.text ?? ""}${also}`
  return { text, near: namespaceMiss?.near === true && (labelMiss === null || labelMiss.near) }
}

function describeAssumptions(rule: unknown, path: string, question: Question): readonly Step[] {
  const key = peersKey(question.direction)
  return peersOf(rule, question.direction).flatMap((peer, index): readonly Step[] => {
    const ipBlock = field(peer, "ipBlock")
    const assumption = ipBlock === undefined ? null : ipBlockAssumption(ipBlock, question.peer)
    return assumption === null
      ? []
      : [{ path: `${path}.${key}[${index}].ipBlock`, outcome: "assumed", text: assumption }]
  })
}
