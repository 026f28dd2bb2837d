// A policy as the engine keeps it: its IR with every expression interned, without what matches nothing.

import type { Diagnostic } from "../../api/diagnostic.ts"
import type {
  Action,
  AddressBlock,
  NamedPort,
  Origin,
  PolicyReference,
  PortRange,
  Tier,
} from "../policy-ir.ts"
import type { AddressRanges } from "../program.ts"
import type { Expression } from "./state.ts"

/** Of the object it was read from. */
export interface PolicyAbout {
  readonly uid: string
  readonly generation: number
  readonly diagnostics: readonly Diagnostic[]
}

export interface PolicyRecord {
  readonly text: string
  readonly policy: PolicyReference
  readonly about: PolicyAbout
  readonly tier: Tier
  readonly order: number
  readonly subject: Expression
  readonly ingress: PolicyBlock | null
  readonly egress: PolicyBlock | null
}

export interface PolicyBlock {
  readonly isolates: boolean
  /** Rules that can match something. */
  readonly rules: readonly PolicyRule[]
}

export interface PolicyRule {
  readonly action: Action
  readonly peers: RulePeers
  readonly everyPort: boolean
  readonly ranges: readonly PortRange[]
  /** Ingress: resolved on the subject. */
  readonly names: readonly NamedPort[]
  /** Egress: resolved on the peers. */
  readonly named: readonly NamedPortPeers[]
  readonly origin: Origin
  /** Of its policy. */
  readonly policyText: string
}

export interface RulePeers {
  readonly any: boolean
  readonly expressions: readonly Expression[]
  readonly blocks: readonly AddressBlock[]
  /** Union of the blocks, null where it is empty. */
  readonly ranges: AddressRanges | null
}

/** Pods that serve one of the names, which are in order and each there once. */
export interface NamedPortPeers {
  readonly expression: Expression
  readonly names: readonly NamedPort[]
}
