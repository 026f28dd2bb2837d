// The kernel's bound on nesting: from a base chain not more than 15 chains deep, jump and goto alike.
//
// nft_chain_validate stops at NFT_JUMP_STACK_SIZE (16) levels, the base chain counted; a loop never ends
// and is refused by the same bound. Chains that no base chain reaches may loop.

import { isMapElement } from "./expression.ts"
import type { SetState, TableState } from "./kernel-state.ts"
import { elementReferences, type ObjectKey } from "./references.ts"
import { getSharded, valuesSharded } from "./sharded-map.ts"

export function isTooDeep(table: TableState): boolean {
  const bases = Array.from(valuesSharded(table.chains)).filter(({ chain }) => chain.hook !== undefined)
  let level: ReadonlySet<string> = new Set(bases.map(({ chain }) => chain.name))
  for (let depth = 0; level.size > 0; depth++) {
    if (depth >= LEVELS) return true
    level = new Set([...level].flatMap((name) => [...targetsOf(table, name)]))
  }
  return false
}

const LEVELS = 16

function targetsOf(table: TableState, name: string): ReadonlySet<string> {
  const references = getSharded(table.chains, name)?.rules.flatMap((rule) => rule.references) ?? []
  const found = new Set<string>()
  for (const key of references) {
    if (key.startsWith(CHAIN)) found.add(key.slice(CHAIN.length))
    const set = key.startsWith(SET) ? getSharded(table.sets, key.slice(SET.length)) : undefined
    if (set?.kind === "map") for (const target of mapTargets(set)) found.add(target)
  }
  return found
}

const CHAIN = "chain "
const SET = "set "

// A map's state is immutable, and most transactions leave most maps as they are.
const known = new WeakMap<SetState, ReadonlySet<string>>()

function mapTargets(map: SetState): ReadonlySet<string> {
  const cached = known.get(map)
  if (cached !== undefined) return cached
  const targets = new Set<string>()
  for (const { element } of valuesSharded(map.elements)) {
    for (const key of isMapElement(element) ? elementReferences(element) : []) targets.add(chainName(key))
  }
  known.set(map, targets)
  return targets
}

function chainName(key: ObjectKey): string {
  return key.slice(CHAIN.length)
}
