// How a kind of policy judges one direction of one flow: the border between a kind and the evaluator.
//
// The evaluator knows tiers and the order of policies, a kind knows its own spec. A judge reads the object
// as the user wrote it; it shares nothing with the lowering of its kind, so that each can check the other.

import type { AddressFamily, Labels, Pod, PolicyObject, Protocol } from "../compile/snapshot.ts"

export type Direction = "ingress" | "egress"

/** An address of one family. An unknown one may be any address of `within`. */
export type Address =
  | { readonly kind: "known"; readonly family: AddressFamily; readonly text: string }
  | { readonly kind: "unknown"; readonly family: AddressFamily; readonly within: readonly string[] }

/** A pod that owns its address: neither host-network nor finished. */
export interface PodEndpoint {
  readonly kind: "pod"
  readonly pod: Pod
  readonly address: Address
}

/** A node, or a host-network pod, which counts as its node; `node` is "" where it has none yet. */
export interface NodeEndpoint {
  readonly kind: "node"
  readonly node: string
  readonly pod: Pod | null
  readonly address: Address
}

export interface OutsideEndpoint {
  readonly kind: "outside"
  readonly address: Address
}

export type Endpoint = PodEndpoint | NodeEndpoint | OutsideEndpoint

/** A destination port, or a protocol that has none, such as ICMP. */
export type Port =
  | { readonly kind: "port"; readonly protocol: Protocol; readonly port: number }
  | { readonly kind: "other"; readonly protocol: string }

/** May `subject` take (ingress) or start (egress) this connection? */
export interface Question {
  readonly direction: Direction
  readonly subject: PodEndpoint
  readonly peer: Endpoint
  readonly port: Port
  /** Labels of a namespace, kubernetes.io/metadata.name always among them. */
  readonly namespaceLabels: (namespace: string) => Labels
}

/** Log never decides, so it is no decision. */
export type DecisiveAction = "Accept" | "Deny" | "Pass"

export interface Decision {
  readonly action: DecisiveAction
  /** Field path of the rule in the policy: "spec.ingress[0]". */
  readonly path: string
}

export interface Judgement {
  /** The policy's subject holds the pod, whatever directions it speaks of. */
  readonly selects: boolean
  /** Where no rule of the tier decides, the subject is denied. */
  readonly isolates: boolean
  readonly decision: Decision | null
}

/** Where a policy stands: tiers by order, in a tier policies by (priority, kind, namespace, name). */
export interface Place {
  readonly tier: { readonly name: string; readonly order: number }
  /** Low first; 0 for NetworkPolicy. */
  readonly priority: number
}

export type StepOutcome =
  | "selects"
  | "accepts"
  | "denies"
  | "passes"
  | "logs"
  | "no-match"
  /** Not matched, but by so little that a mistake is likely. */
  | "near-miss"
  /** Decided without knowing an address. */
  | "assumed"

/** One thing that was tried, in words. */
export interface Step {
  /** Field path in the policy; "spec" for the policy itself. */
  readonly path: string
  readonly outcome: StepOutcome
  readonly text: string
}

/** Of a policy to pods that are not in its namespace: none, any, or those that have a label. */
export type Likeness =
  | { readonly kind: "none" | "any" }
  | { readonly kind: "label"; readonly key: string; readonly value: string }

/** What a kind of policy brings to be evaluated and explained. */
export interface Judge {
  readonly place: (policy: PolicyObject) => Place
  readonly judge: (policy: PolicyObject, question: Question) => Judgement
  /** What `judge` tried, in the order it tried it. A policy that has nothing to do with the subject has no steps. */
  readonly describe: (policy: PolicyObject, question: Question) => readonly Step[]
  /** Which pods of other namespaces `describe` may have something to say of; without it, any. */
  readonly likeness?: (policy: PolicyObject) => Likeness
  /** Every number p where the answer for port p may differ from that for port p - 1, for any subject. */
  readonly portBounds: (policy: PolicyObject) => readonly number[]
}

/** The judge of a policy's kind. Throws for a kind that is not registered. */
export type JudgeOf = (policy: PolicyObject) => Judge

/** The pod whose port names a rule means: the destination, or null where that is no pod. */
export function destinationPod(question: Question): Pod | null {
  if (question.direction === "ingress") return question.subject.pod
  return question.peer.kind === "pod" ? question.peer.pod : null
}
