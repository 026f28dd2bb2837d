// Whose policies an object is that a node's kernel has refused.

import type { Program } from "../../compile/program.ts"
import { explainNames } from "../../compile/ruleset/explain-names.ts"
import type { RulesetOptions } from "../../compile/ruleset/options.ts"
import { policyKey } from "./policy-key.ts"

export interface ConcernedOptions {
  readonly program: () => Program
  readonly ruleset: () => RulesetOptions
}

/** Keys of policies; undefined where the object is of no policy in particular: then it concerns all of them. */
export type FindConcerned = (node: string, object: string) => ReadonlySet<string> | undefined

/** Refused objects of all nodes that are remembered. */
const MOST_OBJECTS = 10_000

export function createConcernedPolicies({ program, ruleset }: ConcernedOptions): FindConcerned {
  const known = new Map<string, ReadonlySet<string>>()
  return (node, object) => {
    // "family table name": a name says all that it is made of.
    const name = object.slice(object.lastIndexOf(" ") + 1)
    const key = `${node} ${name}`
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size > MOST_OBJECTS) known.clear()
    const explained = program().nodes.has(node)
      ? explainNames(program(), node, ruleset()).get(name)
      : undefined
    if (explained === undefined) return undefined
    const policies = new Set(explained.policies.map(policyKey))
    known.set(key, policies)
    return policies
  }
}
