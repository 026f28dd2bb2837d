// The chains of a ruleset, compiled when first entered, and the base chains of each hook in order.

import { EvaluationError } from "./evaluation-error.ts"
import { checkLevels } from "./levels.ts"
import type { Packet } from "./packet.ts"
import type {
  Chain,
  Element,
  MapElement,
  NamedLimit,
  NftMap,
  NftSet,
  Rule,
  Ruleset,
  Verdict,
} from "./schema.ts"
import { type TableObjects, TableScope } from "./scope.ts"
import type { State } from "./state.ts"
import { compileStatement, type Step } from "./statement.ts"

export interface CompiledChain {
  readonly chain: Chain
  readonly priority: number
  readonly policy: "accept" | "drop"
  readonly rules: readonly CompiledRule[]
  /** A chain of the same table. */
  readonly target: (name: string) => CompiledChain
}

export interface CompiledRule {
  readonly rule: Rule
  readonly index: number
  readonly run: (state: State) => RuleOutcome
}

export interface RuleOutcome {
  /** Undefined where every statement held and none gave a verdict. */
  readonly verdict: Verdict | "break" | undefined
  /** Position of the statement that decided. */
  readonly statement: number
}

/** Where a walk through a chain stands. */
export interface ChainEntry {
  readonly chain: CompiledChain
  rule: number
}

export function prepareTables(ruleset: Ruleset): (packet: Packet) => readonly CompiledChain[] {
  const tables = groupByTable(ruleset)
  const all = tables.flatMap((table) => {
    checkLevels(table)
    return compileTable(table)
  })
  const bases = all.filter((each) => each.chain.hook !== undefined)
  const byHook = new Map<string, readonly CompiledChain[]>()
  return (packet) => {
    const device = packet.layer === "netdev" ? (packet.iifname ?? packet.oifname ?? "") : ""
    const key = `${packet.layer ?? "inet"} ${packet.family} ${packet.hook} ${device}`
    let found = byHook.get(key)
    if (found === undefined) {
      found = inOrder(bases.filter((base) => concerns(base.chain, packet)))
      byHook.set(key, found)
    }
    return found
  }
}

/** One table's part of a ruleset. */
interface TableContent extends TableObjects {
  readonly chains: readonly Chain[]
  readonly rules: ReadonlyMap<string, readonly Rule[]>
}

function groupByTable(ruleset: Ruleset): readonly TableContent[] {
  const tables = new Map<string, MutableTable>()
  const tableOf = (family: Rule["family"], name: string) => {
    const known = tables.get(`${family} ${name}`)
    if (known !== undefined) return known
    const table = emptyTable(family, name)
    tables.set(`${family} ${name}`, table)
    return table
  }
  for (const object of ruleset) {
    if ("chain" in object) tableOf(object.chain.family, object.chain.table).chains.push(object.chain)
    else if ("rule" in object) {
      append(tableOf(object.rule.family, object.rule.table).rules, object.rule.chain, [object.rule])
    } else if ("set" in object)
      tableOf(object.set.family, object.set.table).sets.set(object.set.name, object.set)
    else if ("map" in object)
      tableOf(object.map.family, object.map.table).sets.set(object.map.name, object.map)
    else if ("element" in object) {
      append(
        tableOf(object.element.family, object.element.table).elements,
        object.element.name,
        object.element.elem,
      )
    } else if ("limit" in object) {
      tableOf(object.limit.family, object.limit.table).limits.set(object.limit.name, object.limit)
    }
  }
  return [...tables.values()]
}

interface MutableTable {
  readonly family: Rule["family"]
  readonly name: string
  readonly chains: Chain[]
  readonly rules: Map<string, Rule[]>
  readonly sets: Map<string, NftSet | NftMap>
  readonly elements: Map<string, (Element | MapElement)[]>
  readonly limits: Map<string, NamedLimit>
}

function emptyTable(family: Rule["family"], name: string): MutableTable {
  return {
    family,
    name,
    chains: [],
    rules: new Map(),
    sets: new Map(),
    elements: new Map(),
    limits: new Map(),
  }
}

function append<T>(lists: Map<string, T[]>, key: string, items: readonly T[]): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [...items])
  else for (const item of items) list.push(item)
}

function compileTable(table: TableContent): readonly CompiledChain[] {
  const scope = new TableScope(table)
  const chains = new Map<string, CompiledChain>()
  for (const chain of table.chains) {
    chains.set(chain.name, compileChain(chain, { table, scope, chains }))
  }
  return [...chains.values()]
}

interface TableContext {
  readonly table: TableContent
  readonly scope: TableScope
  readonly chains: ReadonlyMap<string, CompiledChain>
}

function compileChain(chain: Chain, { table, scope, chains }: TableContext): CompiledChain {
  const where = `${table.family} ${table.name} ${chain.name}`
  let compiled: readonly CompiledRule[] | undefined
  return {
    chain,
    priority: chain.prio ?? 0,
    policy: chain.policy ?? "accept",
    get rules() {
      compiled ??= (table.rules.get(chain.name) ?? []).map((rule, index) =>
        compileRule(rule, { index, scope, where: `${where}, rule ${index}` }),
      )
      return compiled
    },
    target: (name) => {
      const target = chains.get(name)
      if (target === undefined) throw new EvaluationError(`there is no chain ${name}`, where)
      return target
    },
  }
}

interface RuleContext {
  readonly index: number
  readonly scope: TableScope
  readonly where: string
}

function compileRule(rule: Rule, { index, scope, where }: RuleContext): CompiledRule {
  const place = { scope: scope.inChain(rule.chain), rule: index }
  const steps: readonly Step[] = rule.expr.map((statement, i) => {
    try {
      return compileStatement(statement, { ...place, statement: i })
    } catch (cause) {
      return () => {
        throw cause
      }
    }
  })
  return { rule, index, run: (state) => runSteps(steps, state, where) }
}

function runSteps(steps: readonly Step[], state: State, where: string): RuleOutcome {
  try {
    for (let i = 0; i < steps.length; i += 1) {
      const verdict = steps[i]?.(state)
      if (verdict !== undefined) return { verdict, statement: i }
    }
    return { verdict: undefined, statement: steps.length - 1 }
  } catch (cause) {
    if (cause instanceof EvaluationError && cause.where === "") {
      throw new EvaluationError(cause.message, where, cause)
    }
    throw cause
  }
}

/** inet chains see both IP families; those of a device only what passes it. */
function concerns(chain: Chain, packet: Packet): boolean {
  if (chain.hook !== packet.hook) return false
  switch (packet.layer ?? "inet") {
    case "inet":
      return chain.family === packet.family || (chain.family === "inet" && packet.family !== "arp")
    case "bridge":
      return chain.family === "bridge"
    case "arp":
      return chain.family === "arp"
    case "netdev":
      return chain.family === "netdev" && devices(chain).includes(packet.iifname ?? packet.oifname ?? "")
  }
}

function devices(chain: Chain): readonly string[] {
  return typeof chain.dev === "string" ? [chain.dev] : (chain.dev ?? [])
}

/** By priority; of equals the one that was registered last runs first (nf_hook_entries_grow). */
function inOrder(bases: readonly CompiledChain[]): readonly CompiledChain[] {
  return bases.toReversed().toSorted((a, b) => a.priority - b.priority)
}
