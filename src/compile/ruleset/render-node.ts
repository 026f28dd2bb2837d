// The whole ruleset of one node.
//
// In an order in which nft loads it: chains, then sets, then maps, whose verdicts name chains, then rules.

import type { NftSet, Ruleset } from "nftables-json/schema"
import { unionOfBlocks } from "../address-ranges.ts"
import type { NodeProgram, Program } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
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
import { memberSetObject, rangeSet, TABLE } from "./sets.ts"
import { skeletonChains } from "./skeleton.ts"

/** A node that the program does not know has no pods, and nothing is dropped there. */
export function renderNode(program: Program, node: string, options: RulesetOptions): Ruleset {
  const rendering = createRendering(program, options)
  const known = program.nodes.get(node)
  const classes = known === undefined ? [] : [...known.classes()].map(program.policyClass)
  const pieces = nodePieces(rendering, classes)
  const local = localSets(known, program.families)
  const skeleton = skeletonChains({
    families: program.families,
    local: new Map([...local].map(([family, { name }]) => [family, name])),
    isolatesIngress: isolatesIngress(classes, options),
    options,
  })
  const maps = dispatchMaps(program.families, known?.endpoints() ?? [], piecesOfKey(rendering))
  return [
    { table: TABLE_OBJECT },
    ...skeleton.map(({ chain }) => ({ chain })),
    ...[...pieces.chains.values()].map(chainObject),
    { set: { ...TABLE, name: "revision", type: "mark" } },
    { set: { ...TABLE, name: "pod_interfaces", type: "ifname" } },
    ...[...local.values(), ...pieces.ranges.values()].map((set) => ({ set })),
    ...[...pieces.members.values()].map((set) => ({ set: memberSetObject(set, program) })),
    ...[...pieces.maps.values(), ...maps].map((map) => ({ map })),
    ...[...pieces.chains.values()].flatMap(({ name, rules }) => ruleObjects(name, rules)),
    ...skeleton.flatMap(({ chain, rules }) => ruleObjects(chain.name, rules)),
  ]
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
