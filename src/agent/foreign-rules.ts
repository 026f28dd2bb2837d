// What other tables do to packets that ours accepts: chains that can drop them, and flowtables that hide them.

import type { Chain, Hook, Ruleset } from "nftables-json/schema"
import type { Problem } from "./problem.ts"

const OUR_HOOKS: ReadonlySet<Hook> = new Set<Hook>(["prerouting", "forward", "input", "output"])

export function isOnOurHooks(chain: Chain): boolean {
  return chain.hook !== undefined && OUR_HOOKS.has(chain.hook)
}

/** Of a ruleset of others: base chains on our hooks that can drop, earlier or later than ours, and every flowtable. */
export function foreignProblems(ruleset: Ruleset): readonly Problem[] {
  const verdicts = verdictsByOwner(ruleset)
  return ruleset.flatMap((object) => {
    if ("flowtable" in object) {
      const { family, table, name } = object.flowtable
      return [flowtableProblem(`${family} ${table} ${name}`)]
    }
    return "chain" in object && isOnOurHooks(object.chain) ? chainProblems(object.chain, verdicts) : []
  })
}

function chainProblems(chain: Chain, verdicts: ReadonlyMap<string, Verdicts>): readonly Problem[] {
  const subject = `${chain.family} ${chain.table} ${chain.name}`
  const place = `hook ${chain.hook} at priority ${chain.prio ?? 0}`
  const common = { code: "foreign-chain-drops", subject } as const
  if (chain.policy === "drop") {
    const message = `chain ${subject} (${place}) drops what its rules do not accept: our accept does not overrule it`
    return [{ ...common, severity: "warning", message }]
  }
  if (!canDrop(subject, verdicts)) return []
  return [
    {
      ...common,
      severity: "note",
      message: `chain ${subject} (${place}) has rules that drop packets, ours among them if they match`,
    },
  ]
}

function flowtableProblem(subject: string): Problem {
  const message = `flowtable ${subject}: connections that it offloads pass no rule again and are not cut off by a new policy; remove it, or exclude pods`
  return { code: "flowtable", severity: "error", subject, message }
}

/** What the rules of a chain, or the elements of a map, can lead to. */
interface Verdicts {
  drops: boolean
  /** Chains and maps of the same table, as "family table name". */
  readonly leadsTo: Set<string>
}

function verdictsByOwner(ruleset: Ruleset): ReadonlyMap<string, Verdicts> {
  const owners = new Map<string, Verdicts>()
  const of = (owner: string): Verdicts => {
    const known = owners.get(owner) ?? { drops: false, leadsTo: new Set<string>() }
    owners.set(owner, known)
    return known
  }
  for (const object of ruleset) {
    if ("rule" in object) {
      const { family, table, chain, expr } = object.rule
      collect(expr, { table: `${family} ${table}`, verdicts: of(`${family} ${table} ${chain}`) })
    } else if ("map" in object) {
      const { family, table, name, elem } = object.map
      collect(elem, { table: `${family} ${table}`, verdicts: of(`${family} ${table} @${name}`) })
    }
  }
  return owners
}

interface Place {
  readonly table: string
  readonly verdicts: Verdicts
}

/** Looks at the JSON itself, so that statements this package does not know are seen as well. */
function collect(value: unknown, place: Place): void {
  if (typeof value === "string" && value.startsWith("@"))
    place.verdicts.leadsTo.add(`${place.table} ${value}`)
  if (typeof value !== "object" || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if (DROPPING.has(key) || (key === "xt" && /REJECT|DROP|NFQUEUE/.test(JSON.stringify(child))))
      place.verdicts.drops = true
    if (key === "target" && typeof child === "string") place.verdicts.leadsTo.add(`${place.table} ${child}`)
    else collect(child, place)
  }
}

const DROPPING: ReadonlySet<string> = new Set(["drop", "reject", "queue"])

function canDrop(start: string, verdicts: ReadonlyMap<string, Verdicts>): boolean {
  const seen = new Set([start])
  for (const owner of seen) {
    const found = verdicts.get(owner)
    if (found?.drops === true) return true
    for (const next of found?.leadsTo ?? []) seen.add(next)
  }
  return false
}
