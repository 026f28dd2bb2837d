// The parts of a policy with their places, as every kind can tell them: what lint looks at.
//
// The IR says what a policy means; an outline says in addition where each selector, peer and port of it is written.

import type { FieldPath } from "../api/diagnostic.ts"
import type {
  AddressBlock,
  Direction,
  NamedPort,
  PodExpression,
  PolicyIr,
  PortRange,
  Rule,
} from "../compile/policy-ir.ts"
import type { PolicyObject } from "../compile/snapshot.ts"

export interface PolicyOutline {
  /** Where the subject is written. */
  readonly subject: FieldPath
  /** Where it is written that a direction is isolated. */
  readonly isolation: Readonly<Record<Direction, FieldPath>>
  /** Rules that are in force, in the order of the IR. */
  readonly rules: readonly OutlinedRule[]
}

export interface OutlinedRule {
  readonly direction: Direction
  readonly path: FieldPath
  readonly rule: Rule
  /** [] for everyone. What cannot be read is left out: it has been told as a mistake. */
  readonly peers: readonly OutlinedPeer[]
  /** [] for every port. */
  readonly ports: readonly OutlinedPort[]
}

export type OutlinedPeer =
  | {
      readonly kind: "pods"
      readonly path: FieldPath
      readonly pods: PodExpression
      /** Where the selector of namespaces is written; the peer's own path where there is none. */
      readonly namespaces: FieldPath
    }
  | { readonly kind: "block"; readonly path: FieldPath; readonly block: AddressBlock }

export interface OutlinedPort {
  readonly path: FieldPath
  readonly port: PortRange | NamedPort
}

export type Outline = (policy: PolicyObject, ir: PolicyIr) => PolicyOutline
