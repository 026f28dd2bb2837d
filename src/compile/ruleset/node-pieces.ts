// All that the classes of one node name, each thing once.

import type { Chain, NftMap, NftSet, RulesetObject } from "nftables-json/schema"
import type { ClassKey, PolicyClass, Program } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import { classPieces } from "./class-chain.ts"
import type { ChainRule, ClassChain, ClassPieces } from "./class-pieces.ts"
import { fingerprint, type RulesetOptions } from "./options.ts"
import { type MemberSet, TABLE } from "./sets.ts"

export interface NodePieces {
  readonly chains: ReadonlyMap<string, ClassChain>
  readonly maps: ReadonlyMap<string, NftMap>
  readonly ranges: ReadonlyMap<string, NftSet>
  readonly members: ReadonlyMap<string, MemberSet>
}

export interface Rendering {
  readonly program: Program
  readonly families: readonly AddressFamily[]
  readonly options: RulesetOptions
  /** What pieces depend on beside their class. */
  readonly variant: string
}

export function createRendering(program: Program, options: RulesetOptions): Rendering {
  const { families } = program
  return { program, families, options, variant: `${families.join()} ${fingerprint(options)}` }
}

/** Pieces of a class, computed once for each class object: nodes share classes. */
export function piecesOf(rendering: Rendering, policyClass: PolicyClass): ClassPieces | undefined {
  const { families, options, variant } = rendering
  const known = remembered.get(policyClass)
  if (known?.variant === variant) return known.pieces
  const pieces = classPieces(policyClass, families, options)
  remembered.set(policyClass, { variant, pieces })
  return pieces
}

const remembered = new WeakMap<
  PolicyClass,
  { readonly variant: string; readonly pieces: ClassPieces | undefined }
>()

export function piecesOfKey(rendering: Rendering): (key: ClassKey) => ClassPieces | undefined {
  return (key) => piecesOf(rendering, rendering.program.policyClass(key))
}

export function nodePieces(rendering: Rendering, classes: Iterable<PolicyClass>): NodePieces {
  const all = {
    chains: new Map<string, ClassChain>(),
    maps: new Map<string, NftMap>(),
    ranges: new Map<string, NftSet>(),
    members: new Map<string, MemberSet>(),
  }
  for (const policyClass of classes) {
    const pieces = piecesOf(rendering, policyClass)
    if (pieces === undefined) continue
    for (const [name, chain] of pieces.chains) all.chains.set(name, chain)
    for (const [name, map] of pieces.maps) all.maps.set(name, map)
    for (const [name, set] of pieces.ranges) all.ranges.set(name, set)
    for (const [name, set] of pieces.members) all.members.set(name, set)
  }
  return all
}

/**
 * A pod that such a class is about may be denied something. Observed pods are denied nothing; but where the fixed
 * drops let pass as well, they count for them.
 */
export function isolatesIngress(
  classes: Iterable<PolicyClass>,
  { enforcement }: Pick<RulesetOptions, "enforcement">,
): boolean {
  for (const { direction, stages, observed } of classes) {
    if (direction === "egress" || (observed && enforcement === "enforce")) continue
    const denies = stages.some(
      ({ runs, isolatedBy }) => isolatedBy.length > 0 || runs.some(({ action }) => action === "Deny"),
    )
    if (denies) return true
  }
  return false
}

export function chainObject({ name }: { readonly name: string }): { readonly chain: Chain } {
  return { chain: { ...TABLE, name } }
}

export function ruleObjects(chain: string, rules: readonly ChainRule[]): readonly RulesetObject[] {
  return rules.map((rule) => ({ rule: { ...TABLE, chain, ...rule } }))
}
