// What a policy class becomes in the kernel: chains, port maps, and the sets they name.

import type { NftMap, NftSet, Statement, Verdict } from "nftables-json/schema"
import type { PolicyReference } from "../policy-ir.ts"
import type { PolicyClass } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import { goto, returning } from "./expressions.ts"
import { contentHash } from "./names.ts"
import { fingerprint, type RulesetOptions } from "./options.ts"
import type { MemberSet } from "./sets.ts"

export interface ChainRule {
  readonly expr: readonly Statement[]
  readonly comment?: string
}

/** A chain named by its content: it never changes. */
export interface ClassChain {
  readonly name: string
  readonly rules: readonly ChainRule[]
  readonly about: ChainSubject
}

export interface Denial {
  readonly by: "rule" | "isolation" | "limit"
  readonly policies: readonly PolicyReference[]
}

/** What a chain is for, for people. */
export type ChainSubject =
  | { readonly kind: "class" }
  | { readonly kind: "port" }
  | ({ readonly kind: "deny" } & Denial)

/** By name. */
export interface ClassPieces {
  readonly policyClass: PolicyClass
  /** The chain that dispatch leads to. */
  readonly entry: string
  readonly chains: ReadonlyMap<string, ClassChain>
  readonly maps: ReadonlyMap<string, NftMap>
  readonly ranges: ReadonlyMap<string, NftSet>
  readonly members: ReadonlyMap<string, MemberSet>
  /** The same by what they show: kind and key. */
  readonly membersOf: ReadonlyMap<string, readonly MemberSet[]>
  /** Policies of Log rules, by what their log prefixes end in. */
  readonly logs: ReadonlyMap<string, readonly PolicyReference[]>
}

/** Pieces while they are collected. */
export interface Draft extends Omit<ClassPieces, "entry" | "membersOf"> {
  readonly chains: Map<string, ClassChain>
  readonly maps: Map<string, NftMap>
  readonly ranges: Map<string, NftSet>
  readonly members: Map<string, MemberSet>
  readonly logs: Map<string, readonly PolicyReference[]>
  readonly families: readonly AddressFamily[]
  readonly options: RulesetOptions
  /** The content's hash: part of the names of its chains. */
  readonly hash: string
  /** contentHash, once for each text. */
  readonly remember: (text: string) => string
}

export function createDraft(
  policyClass: PolicyClass,
  families: readonly AddressFamily[],
  options: RulesetOptions,
): Draft {
  return {
    policyClass,
    chains: new Map(),
    maps: new Map(),
    ranges: new Map(),
    members: new Map(),
    logs: new Map(),
    families,
    options,
    hash: classHash(policyClass, families, options),
    remember: remembering(),
  }
}

function remembering(): (text: string) => string {
  const hashes = new Map<string, string>()
  return (text) => {
    const known = hashes.get(text) ?? contentHash(text)
    hashes.set(text, known)
    return known
  }
}

function classHash(
  { key }: PolicyClass,
  families: readonly AddressFamily[],
  options: RulesetOptions,
): string {
  return contentHash(`${fingerprint(options)}, ${families.join()}\n${key}`)
}

/** Egress classes are entered by jump and accept by return; ingress classes end every accepted packet. */
export function acceptVerdict({ direction }: Pick<PolicyClass, "direction">): Verdict {
  return direction === "egress" ? returning : goto("stamp")
}
