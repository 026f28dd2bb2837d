// Chains written anew in place. Rules, unlike sets, change for a packet all at once with the transaction.

import type { Command, Rule, Ruleset, Transaction } from "nftables-json/schema"

/** Flushes the chain of each rule, and fills it again; all rules of a chain must be there. */
export function rewritten(rules: Ruleset): Transaction {
  const flushed = new Set<string>()
  return rules.flatMap((object): readonly Command[] => {
    if (!("rule" in object)) return []
    const { family, table, chain } = object.rule
    if (flushed.has(chainOf(object.rule))) return [{ add: object }]
    flushed.add(chainOf(object.rule))
    return [{ flush: { chain: { family, table, name: chain } } }, { add: object }]
  })
}

export function chainOf(rule: Rule): string {
  return `${rule.family} ${rule.table} ${rule.chain}`
}
