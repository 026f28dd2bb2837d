// Selectors, pods and policies, as messages name them: short, for a warning has 120 characters.

import type { PodExpression, PolicyReference } from "../../compile/policy-ir.ts"
import type { Requirement, Selector } from "../../compile/selector.ts"
import type { Pod } from "../../compile/snapshot.ts"
import { selectorText } from "../../explain/near-miss.ts"

/** Selectors have as many terms and values as somebody writes; a message is one line. */
const FEW = 3
const LONGEST = 160

export function shortText(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text
}

/** The first few, and that there are more. */
export function listWords(words: readonly string[], most = FEW): string {
  const some = words.slice(0, most)
  return (some.length < words.length ? [...some, "..."] : some).join(", ")
}

/** kubectl's notation: app=web, tier in (a, b), !canary. */
function selectorWords(selector: Selector): string {
  const some = selector.slice(0, FEW).map(shortValues)
  const text = selectorText(labelSelectorOf(some))
  return shortText(some.length < selector.length ? `${text}, ...` : text)
}

/** The selector as the API writes one, for readers of those. */
export function labelSelectorOf(selector: Selector): object {
  return { matchExpressions: selector.map(expressionOf) }
}

/** "namespace shop", or "every namespace with team=a". */
export function whereWords({ namespaces }: PodExpression): string {
  const name = namespaces.kind === "name" ? namespaces.name : nameIn(namespaces.selector)
  if (namespaces.kind === "name" || name !== undefined) return `namespace ${name}`
  return namespaces.selector.length === 0
    ? "any namespace"
    : `a namespace with ${selectorWords(namespaces.selector)}`
}

/** "there is no namespace shop", or "no namespace has team=a". */
export function noNamespaceWords(selector: Selector): string {
  const name = nameIn(selector)
  return name === undefined ? `no namespace has ${selectorWords(selector)}` : `there is no namespace ${name}`
}

/** The one namespace that a selector asks for by name. */
export function nameIn(selector: Selector): string | undefined {
  const [first] = selector
  if (first?.op !== "in" || first.key !== "kubernetes.io/metadata.name" || first.values.size > 1)
    return undefined
  return selector.length === 1 ? [...first.values][0] : undefined
}

/** "no pod of namespace shop has app=web", or that there is no pod at all. */
export function noneWords(expression: PodExpression): string {
  const where = whereWords(expression)
  return expression.pods.length === 0
    ? `${where} has no pod`
    : `no pod of ${where} has ${selectorWords(expression.pods)}`
}

/** The workload that a pod belongs to, or the pod: "Deployment web". */
export function podWords({ owner, name }: Pod): string {
  return owner === undefined ? `Pod ${name}` : `${owner.kind} ${owner.name}`
}

/** The first few, each workload once: "Deployment a, Pod b and 3 more". */
function podsWords(pods: Iterable<Pod>, most = 2): string {
  const names = new Set<string>()
  for (const pod of pods) names.add(podWords(pod))
  const shown = [...names].slice(0, most)
  const more = names.size - shown.length
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`
}

/** The same, of pods that may be named; of others their number. */
export function namedPods(pods: readonly Pod[], mayName: (namespace: string) => boolean): string {
  const named = pods.filter(({ namespace }) => mayName(namespace))
  const hidden = pods.length - named.length
  if (hidden === 0) return podsWords(pods)
  const others = `${countWords(hidden, "pod")} of other namespaces`
  return named.length === 0 ? others : `${podsWords(named)} and ${others}`
}

export function countWords(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`
}

/** How a policy is named to one that stands beside it. */
export function policyWords(policy: PolicyReference, beside: PolicyReference): string {
  const name =
    policy.namespace === "" || policy.namespace === beside.namespace
      ? policy.name
      : `${policy.namespace}/${policy.name}`
  return policy.kind === beside.kind ? name : `${policy.kind} ${name}`
}

/** "spec.ingress[0]" of this policy, or "web spec.ingress[0]" of another. */
export function ruleWords(
  { policy, path }: { readonly policy: PolicyReference; readonly path: string },
  beside: PolicyReference,
): string {
  const isSame =
    policy.kind === beside.kind && policy.namespace === beside.namespace && policy.name === beside.name
  return isSame ? path : `${policyWords(policy, beside)} ${path}`
}

function shortValues(requirement: Requirement): Requirement {
  if (!("values" in requirement) || requirement.values.size <= FEW) return requirement
  return { ...requirement, values: new Set([...[...requirement.values].slice(0, FEW), "..."]) }
}

function expressionOf(requirement: Requirement): object {
  const { key } = requirement
  switch (requirement.op) {
    case "exists":
      return { key, operator: "Exists" }
    case "missing":
      return { key, operator: "DoesNotExist" }
    case "in":
      return { key, operator: "In", values: [...requirement.values] }
    case "not-in":
      return { key, operator: "NotIn", values: [...requirement.values] }
  }
}
