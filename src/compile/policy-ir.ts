// The policy IR: every kind of policy lowered to the same rules, each with its origin.
//
// Order of evaluation, per direction: tiers by `order`, in a tier policies by (order, kind, namespace,
// name), in a policy rules as they stand. Accept and Deny are final for the direction, Pass skips the rest
// of the tier, Log never decides. After the last rule of a tier, a subject that an isolating block
// selects is denied; without one the next tier is tried, and after the last tier the answer is Accept.

import type { Selector } from "./selector.ts"
import type { PolicyObject, Protocol } from "./snapshot.ts"

export type Action = "Accept" | "Deny" | "Pass" | "Log"
export type Direction = "ingress" | "egress"

/** Tiers in order: 100 Admin, 200 NetworkPolicy, 300 Baseline; custom ones stand between. */
export interface Tier {
  readonly name: string
  readonly order: number
}

export interface PolicyReference {
  readonly kind: string
  /** "" for a cluster-wide kind. */
  readonly namespace: string
  readonly name: string
}

/** Where a rule came from: `path` is "spec.ingress[0]"; the policy itself is "spec". */
export interface Origin {
  readonly policy: PolicyReference
  readonly path: string
}

/** Pods by namespace and labels. Host-network and finished pods never match, as subject or peer. */
export interface PodExpression {
  /** The one namespace it looks in, or a selector over namespace labels ([] selects every namespace). */
  readonly namespaces:
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "selector"; readonly selector: Selector }
  readonly pods: Selector
}

/** Canonical, host bits masked, e.g. "10.0.0.0/8"; `except` lies inside `cidr`, canonical too. */
export interface AddressBlock {
  readonly cidr: string
  readonly except: readonly string[]
}

/** Other ends of a connection. `some` with both lists empty matches nothing, never everything. */
export type Peers =
  | { readonly kind: "any" }
  | {
      readonly kind: "some"
      readonly pods: readonly PodExpression[]
      readonly blocks: readonly AddressBlock[]
    }

export interface PortRange {
  readonly protocol: Protocol
  /** Inclusive; 0 to 65535 for every port of the protocol. */
  readonly from: number
  readonly to: number
}

/** Resolved on the destination pod: (address, protocol, port). */
export interface NamedPort {
  readonly protocol: Protocol
  readonly name: string
}

/** `any` holds every protocol, ICMP too. `some` with both lists empty matches nothing. */
export type Ports =
  | { readonly kind: "any" }
  | { readonly kind: "some"; readonly ranges: readonly PortRange[]; readonly names: readonly NamedPort[] }

export interface Rule {
  readonly action: Action
  readonly peers: Peers
  readonly ports: Ports
  readonly origin: Origin
}

/** What a policy says for one direction; absent where it does not speak of it. */
export interface Block {
  /** Subjects are denied what no rule of the tier accepts (NetworkPolicy). */
  readonly isolates: boolean
  readonly rules: readonly Rule[]
}

export interface PolicyIr {
  readonly policy: PolicyReference
  readonly tier: Tier
  /** Priority within the tier, low first; 0 for NetworkPolicy. */
  readonly order: number
  readonly subject: PodExpression
  readonly ingress?: Block
  readonly egress?: Block
  /** Address blocks of rules that are written for a direction of which the policy does not speak. */
  readonly unheard?: Readonly<Partial<Record<Direction, readonly AddressBlock[]>>>
}

/** Lowers one policy object; what cannot be lowered must fail closed here (match nothing, or deny). */
export type Lower = (policy: PolicyObject) => PolicyIr
