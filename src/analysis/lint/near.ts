// What was probably meant: labels that differ by little, or the right labels in another namespace.

import type { PodExpression } from "../../compile/policy-ir.ts"
import type { Selector } from "../../compile/selector.ts"
import type { Labels, Pod } from "../../compile/snapshot.ts"
import { selectorMiss } from "../../explain/near-miss.ts"
import { type LintCluster, LOOKED_AT, namespacesOf } from "./cluster.ts"
import { labelSelectorOf, nameIn, podWords, shortText } from "./words.ts"

/** "; Deployment web has app=web", or "". The expression holds nothing. */
export function nearPods(expression: PodExpression, cluster: LintCluster): string {
  if (expression.pods.length === 0) return ""
  const near = nearPod(expression, cluster)
  return near ?? elsewhere(expression, cluster)
}

/** "; namespace shop has team=a", or "". The selector holds no namespace. */
export function nearNamespaces(selector: Selector, { view, mayName, expired }: LintCluster): string {
  const isMissed = missing(selector)
  let left = LOOKED_AT
  for (const name of view.namespaces()) {
    if (left-- === 0 || expired()) break
    const miss = isMissed(view.namespaceLabels(name))
    if (miss === null || !mayName(name)) continue
    return nameIn(selector) === undefined ? `; namespace ${name} ${miss}` : `; there is ${name}`
  }
  return ""
}

function nearPod(expression: PodExpression, cluster: LintCluster): string | null {
  const { view, mayName, expired } = cluster
  const isOwn = expression.namespaces.kind === "name"
  const isMissed = missing(expression.pods)
  let left = LOOKED_AT
  for (const namespace of namespacesOf(expression, view)) {
    for (const pod of view.pods(namespace)) {
      // A selector of thousands of terms takes its time for each pod.
      if (left-- === 0 || expired()) return null
      const miss = pod.hostNetwork ? null : isMissed(pod.labels)
      // Asked last: for each namespace that is asked about somebody's rights are looked up.
      if (miss !== null && mayName(namespace)) return `; ${isOwn ? podWords(pod) : inNamespace(pod)} ${miss}`
    }
  }
  return null
}

/** The same labels in a namespace that the expression does not look in. */
function elsewhere({ pods }: PodExpression, { view, mayName }: LintCluster): string {
  // Labels that exclude or only have to be there hold for anybody's pods: no sign of what was meant.
  if (!pods.some(({ op }) => op === "in")) return ""
  const everywhere: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods }
  for (const identity of view.held(everywhere)) {
    if (!mayName(identity.namespace)) continue
    for (const pod of view.podsOf(identity)) return `; ${inNamespace(pod)} has it`
  }
  return ""
}

function inNamespace(pod: Pod): string {
  return `${podWords(pod)} of namespace ${pod.namespace}`
}

/** In words where labels fail by what looks like a mistake, else null. Equal labels are judged once. */
function missing(selector: Selector): (labels: Labels) => string | null {
  const source = labelSelectorOf(selector)
  let last: { readonly labels: Labels; readonly answer: string | null } | undefined
  return (labels) => {
    if (last?.labels !== labels) {
      const miss = selectorMiss(source, labels)
      last = { labels, answer: miss?.near === true ? shortened(miss.text) : null }
    }
    return last.answer
  }
}

/** What was wanted has been said already; where several labels are wrong it tells which is which. */
function shortened(text: string): string {
  const [has = "", ...wanted] = text.split(", wanted ")
  return shortText(wanted.length === 1 ? has : text)
}
