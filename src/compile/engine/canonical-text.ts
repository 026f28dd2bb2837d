// Canonical text of selectors, ports and policies: equal meaning as written, equal text, and never one
// text for two contents. Policy authors choose the words, so whatever is no plain word is quoted.

import type { NamedPort, PolicyReference } from "../policy-ir.ts"
import type { Requirement, Selector } from "../selector.ts"
import type { ContainerPort } from "../snapshot.ts"

/** Plain words stay as they are; none of the separators below occurs in one. */
const PLAIN_WORD = /^[A-Za-z0-9._/-]+$/

export function quote(word: string): string {
  return PLAIN_WORD.test(word) ? word : JSON.stringify(word)
}

/** Requirements in order, each once; "" selects everything. */
export function selectorText(selector: Selector): string {
  const [first] = selector
  if (first === undefined) return ""
  if (selector.length === 1) return requirementText(first)
  return [...new Set(selector.map(requirementText))].sort().join("&")
}

function requirementText(requirement: Requirement): string {
  const key = quote(requirement.key)
  switch (requirement.op) {
    case "exists":
      return key
    case "missing":
      return `!${key}`
    case "in":
      return `${key}=${valuesText(requirement.values)}`
    case "not-in":
      return `${key}!=${valuesText(requirement.values)}`
  }
}

function valuesText(values: ReadonlySet<string>): string {
  const [first] = values
  if (first !== undefined && values.size === 1) return quote(first)
  return `(${Array.from(values, quote).sort().join(",")})`
}

export function containerPortText({ protocol, name, port }: ContainerPort): string {
  return `${protocol}/${quote(name)}/${port}`
}

/** In order, each once. */
export function namesByText(names: readonly NamedPort[]): ReadonlyMap<string, NamedPort> {
  const entries = names.map((each) => [`${each.protocol}/${quote(each.name)}`, each] as const)
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Members of a union, each once, in order. */
export function unionText(texts: Iterable<string>): string {
  return [...new Set(texts)].sort().join("|")
}

const PLAIN_POLICY = /^[A-Za-z0-9._/-]+:[A-Za-z0-9._/-]+:[A-Za-z0-9._/-]+$/

export function policyText({ kind, namespace, name }: PolicyReference): string {
  const text = `${kind}:${namespace}:${name}`
  return PLAIN_POLICY.test(text) ? text : `${quote(kind)}:${quote(namespace)}:${quote(name)}`
}
