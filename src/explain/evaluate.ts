// One connection between two addresses, judged: the order of tiers, and what no policy may touch.
//
// Egress of the source and ingress of the destination are judged independently and both must accept. Accept
// and Deny are final for their direction, Pass skips the rest of the tier; a pod that a policy of the tier
// isolates is denied where nothing decided; after the last tier the answer is Allow. What an observed pod is denied
// is allowed, and said.

import type { PolicyObject } from "../compile/snapshot.ts"
import type { Direction, Endpoint, PodEndpoint, Port, Question } from "./judge.ts"
import type { RankedPolicy } from "./ranked-policy.ts"
import type { World } from "./world.ts"

/** A connection from one address to another of the same family. */
export interface Connection {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly port: Port
  /** It was addressed to a Service and sent here: a pod's way to itself is then judged like any other. */
  readonly throughService: boolean
}

export type Verdict = "Allow" | "Deny"

export interface DirectionJudgement {
  readonly verdict: Verdict
  /** Every policy that isolates the subject in this direction, in order. */
  readonly isolatedBy: readonly PolicyObject[]
  /** The rule that decided; null where isolation or the default did. */
  readonly decidedBy: { readonly policy: PolicyObject; readonly path: string } | null
  /** It would be denied, but what is denied here is only counted: the verdict is Allow. */
  readonly observed: boolean
  /** Why no policy was asked. */
  readonly exemption: string | null
}

export interface ConnectionJudgement {
  readonly verdict: Verdict
  /** Null where the source is no subject of policies. */
  readonly egress: DirectionJudgement | null
  readonly ingress: DirectionJudgement | null
}

export function judgeConnection(connection: Connection, world: World): ConnectionJudgement {
  const egress = judgeEgress(connection, world)
  const ingress = judgeIngress(connection, world)
  const denied = egress?.verdict === "Deny" || ingress?.verdict === "Deny"
  return { verdict: denied ? "Deny" : "Allow", egress, ingress }
}

/** The question that a direction of a connection asks, or null where that end is no subject. */
export function questionOf(connection: Connection, direction: Direction, world: World): Question | null {
  const [subject, peer] =
    direction === "egress" ? [connection.from, connection.to] : [connection.to, connection.from]
  if (subject.kind !== "pod") return null
  return { direction, subject, peer, port: connection.port, namespaceLabels: world.namespaceLabels }
}

function judgeEgress(connection: Connection, world: World): DirectionJudgement | null {
  const { from } = connection
  if (isItself(connection)) return exempt("a pod always reaches its own address")
  if (isUnknownPod(from, world)) return refused(from, world)
  const question = questionOf(connection, "egress", world)
  return question === null ? null : judgePod(question, world)
}

function judgeIngress(connection: Connection, world: World): DirectionJudgement | null {
  const { from, to } = connection
  if (isItself(connection)) return exempt("a pod always reaches its own address")
  if (isOwnNode(from, to, world)) return exempt("a node always reaches the pods that run on it (probes)")
  if (isUnknownPod(to, world)) return refused(to, world)
  const question = questionOf(connection, "ingress", world)
  return question === null ? null : judgePod(question, world)
}

function judgePod(question: Question, world: World): DirectionJudgement {
  const judgement = judgeDirection(question, world)
  return world.isObserved(question.subject.pod.namespace) ? observed(judgement) : judgement
}

function observed(judgement: DirectionJudgement): DirectionJudgement {
  return judgement.verdict === "Deny" ? { ...judgement, verdict: "Allow", observed: true } : judgement
}

function judgeDirection(question: Question, world: World): DirectionJudgement {
  const policies = world.policiesFor(question.subject.pod.namespace)
  const judged = policies.map((ranked) => ({
    ranked,
    judgement: ranked.judge.judge(ranked.policy, question),
  }))
  const isolating = judged.filter(({ judgement }) => judgement.isolates).map(({ ranked }) => ranked)
  const isolatedBy = isolating.map(({ policy }) => policy)
  for (const tier of tierOrders(policies)) {
    const deciding = judged.find(
      ({ ranked, judgement }) => inTier(ranked, tier) && judgement.decision !== null,
    )
    const decision = deciding?.judgement.decision
    if (deciding && decision && decision.action !== "Pass") {
      const verdict = decision.action === "Accept" ? "Allow" : "Deny"
      const decidedBy = { policy: deciding.ranked.policy, path: decision.path }
      return { verdict, isolatedBy, decidedBy, observed: false, exemption: null }
    }
    const passed = decision?.action === "Pass"
    if (!passed && isolating.some((ranked) => inTier(ranked, tier))) {
      return { verdict: "Deny", isolatedBy, decidedBy: null, observed: false, exemption: null }
    }
  }
  return { verdict: "Allow", isolatedBy, decidedBy: null, observed: false, exemption: null }
}

function tierOrders(policies: readonly RankedPolicy[]): readonly number[] {
  return [...new Set(policies.map(({ place }) => place.tier.order))].toSorted((a, b) => a - b)
}

function inTier({ place }: RankedPolicy, order: number): boolean {
  return place.tier.order === order
}

function isItself({ from, to, throughService }: Connection): boolean {
  return !throughService && from.kind === "pod" && to.kind === "pod" && isSamePod(from, to)
}

function isSamePod(a: PodEndpoint, b: PodEndpoint): boolean {
  return a.pod.namespace === b.pod.namespace && a.pod.name === b.pod.name
}

/** A pod that is not scheduled has no node of its own yet. */
function isOwnNode(from: Endpoint, to: Endpoint, world: World): boolean {
  if (from.kind !== "node" || from.node === "") return false
  if (to.kind === "pod") return to.pod.node === from.node
  return isUnknownPod(to, world) && world.podNodeOf(to.address)?.name === from.node
}

function isUnknownPod(end: Endpoint, world: World): boolean {
  return end.kind === "outside" && world.podNodeOf(end.address) !== null
}

function refused(end: Endpoint, world: World): DirectionJudgement {
  const node = world.podNodeOf(end.address)?.name ?? ""
  const where = `the address is in the pod range of node ${node}, but no known pod owns it`
  const { unknownPodAddresses, enforcement } = world.settings
  if (unknownPodAddresses === "allow") return exempt(`${where}: allowed by setting`)
  // Neither files nor Node objects have the addresses that a node gives to bridges and tunnels.
  const denied = "denied until it is known (unless it is the node's own: a bridge's or a tunnel's)"
  if (enforcement === "enforce") return { ...exempt(`${where}: ${denied}`), verdict: "Deny" }
  const words = `${where}: it would be denied until it is known, but the cluster is only observed`
  return { ...exempt(words), observed: true }
}

function exempt(exemption: string): DirectionJudgement {
  return { verdict: "Allow", isolatedBy: [], decidedBy: null, observed: false, exemption }
}
