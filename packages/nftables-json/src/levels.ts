// The kernel's bound on nesting: 16 levels, goto counted like jump (nf_tables, NFT_JUMP_STACK_SIZE).

import { EvaluationError } from "./evaluation-error.ts"
import { isList, isMapElement, referencedSet } from "./expression.ts"
import type {
  Chain,
  Element,
  Expression,
  MapElement,
  NftMap,
  NftSet,
  Rule,
  Statement,
  Verdict,
} from "./schema.ts"
import { isVerdict } from "./scope.ts"

interface ChainTable {
  readonly family: string
  readonly name: string
  readonly chains: readonly Chain[]
  readonly rules: ReadonlyMap<string, readonly Rule[]>
  readonly sets: ReadonlyMap<string, NftSet | NftMap>
  readonly elements: ReadonlyMap<string, readonly (Element | MapElement)[]>
}

const MAXIMUM_LEVELS = 16

/** Throws where a base chain leads into a chain that is missing, a loop, or more levels than the kernel takes. */
export function checkLevels(table: ChainTable): void {
  const names = new Set(table.chains.map((chain) => chain.name))
  const heights = new Map<string, number>()
  const open = new Set<string>()
  const height = (name: string): number => {
    const where = `${table.family} ${table.name} ${name}`
    const known = heights.get(name)
    if (known !== undefined) return known
    if (!names.has(name)) throw new EvaluationError("there is no such chain", where)
    if (open.has(name)) throw new EvaluationError("a chain leads back into itself", where)
    open.add(name)
    let highest = 0
    for (const target of targetsOf(table, name)) highest = Math.max(highest, height(target))
    open.delete(name)
    heights.set(name, highest + 1)
    if (highest + 1 > MAXIMUM_LEVELS)
      throw new EvaluationError(`more than ${MAXIMUM_LEVELS} levels of chains`, where)
    return highest + 1
  }
  for (const chain of table.chains) if (chain.hook !== undefined) height(chain.name)
}

/** Every chain that a rule of the chain may enter. */
function targetsOf(table: ChainTable, chain: string): ReadonlySet<string> {
  const targets = new Set<string>()
  for (const rule of table.rules.get(chain) ?? []) {
    for (const statement of rule.expr) {
      for (const verdict of verdictsOf(table, statement)) {
        if ("jump" in verdict) targets.add(verdict.jump.target)
        if ("goto" in verdict) targets.add(verdict.goto.target)
      }
    }
  }
  return targets
}

function verdictsOf(table: ChainTable, statement: Statement): readonly Verdict[] {
  if (isVerdict(statement)) return [statement]
  return "vmap" in statement ? mapVerdicts(table, statement.vmap.data) : []
}

function mapVerdicts(table: ChainTable, data: Expression): readonly Verdict[] {
  const name = referencedSet(data)
  const elements =
    name === undefined
      ? anonymousElements(data)
      : [table.sets.get(name)?.elem ?? [], table.elements.get(name) ?? []].flat()
  return elements.flatMap((element) => {
    const verdict = isMapElement(element) ? element[1] : undefined
    return verdict !== undefined && isVerdict(verdict) ? [verdict] : []
  })
}

function anonymousElements(data: Expression): readonly (Element | MapElement)[] {
  if (typeof data !== "object" || isList(data) || !("set" in data)) return []
  return isElements(data.set) ? data.set : [data.set]
}

function isElements(set: unknown): set is readonly (Element | MapElement)[] {
  return Array.isArray(set)
}
