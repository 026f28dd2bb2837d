// The whole ruleset of one node.
//
// In an order in which nft loads it: chains, then sets, then maps, whose verdicts name chains, then rules.

import type { NftMap, NftSet, Ruleset, RulesetObject } from "nftables-json/schema"
import { unionOfBlocks } from "../address-ranges.ts"
import type { NodeProgram, Program } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import type { ClassChain } from "./class-pieces.ts"
import { dispatchMaps } from "./dispatch.ts"
import {
  chainObject,
  createRendering,
  isolatesIngress,
  nodePieces,
  piecesOfKey,
  ruleObjects,
} from "./node-pieces.ts"
import type { RulesetOptions } from "./options.ts"
import { type MemberSet, memberSetObject, rangeSet, TABLE } from "./sets.ts"
import { skeletonChains } from "./skeleton.ts"

/** A node that the program does not know has no pods, and nothing is dropped there. */
export function renderNode(program: Program, node: string, options: RulesetOptions): Ruleset {
  return createNodeRenderer(program, options)(node)
}

/**
 * Rulesets of many nodes, until the program changes: what nodes share is rendered once, and is one object in all of
 * their rulesets.
 */
export function createNodeRenderer(program: Program, options: RulesetOptions): (node: string) => Ruleset {
  const rendering = createRendering(program, options)
  const { families } = program
  const shared = createSharedObjects(program)
  return (node) => {
    const known = program.nodes.get(node)
    const classes = known === undefined ? [] : [...known.classes()].map(program.policyClass)
    const pieces = nodePieces(rendering, classes)
    const local = localSets(known, families)
    const skeleton = skeletonChains({
      families,
      local: new Map([...local].map(([family, { name }]) => [family, name])),
      isolatesIngress: isolatesIngress(classes, options),
      options,
    })
    const maps = dispatchMaps(families, known?.endpoints() ?? [], piecesOfKey(rendering))
    const chains = [...pieces.chains.values()].map(shared.chain)
    return [
      { table: TABLE_OBJECT },
      ...skeleton.map(({ chain }) => ({ chain })),
      ...chains.map(({ chain }) => chain),
      { set: { ...TABLE, name: "revision", type: "mark" } },
      { set: { ...TABLE, name: "pod_interfaces", type: "ifname" } },
      ...[...local.values()].map((set) => ({ set })),
      ...[...pieces.ranges.values()].map(shared.ranges),
      ...[...pieces.members.values()].map(shared.members),
      ...[...pieces.maps.values()].map(shared.map),
      ...maps.map((map) => ({ map })),
      ...chains.flatMap(({ rules }) => rules),
      ...skeleton.flatMap(({ chain, rules }) => ruleObjects(chain.name, rules)),
    ]
  }
}

/** Chains, maps and sets of classes are named by their content. */
function createSharedObjects(program: Program) {
  return {
    chain: byName(({ name, rules }: ClassChain) => ({
      chain: chainObject({ name }),
      rules: ruleObjects(name, rules),
    })),
    map: byName((map: NftMap): RulesetObject => ({ map })),
    ranges: byName((set: NftSet): RulesetObject => ({ set })),
    members: byName((set: MemberSet): RulesetObject => ({ set: memberSetObject(set, program) })),
  }
}

function byName<T extends { readonly name: string }, R>(make: (value: T) => R): (value: T) => R {
  const made = new Map<string, R>()
  return (value) => {
    const known = made.get(value.name) ?? make(value)
    made.set(value.name, known)
    return known
  }
}

const TABLE_OBJECT = { family: TABLE.family, name: TABLE.table }

function localSets(
  node: NodeProgram | undefined,
  families: readonly AddressFamily[],
): ReadonlyMap<AddressFamily, NftSet> {
  const ranges = unionOfBlocks((node?.podCIDRs ?? []).map((cidr) => ({ cidr, except: [] })))
  const sets = new Map<AddressFamily, NftSet>()
  for (const family of families) {
    const ofFamily = family === "IPv4" ? ranges.v4 : ranges.v6
    if (ofFamily.length > 0) sets.set(family, rangeSet("local", { family, ranges: ofFamily }))
  }
  return sets
}
