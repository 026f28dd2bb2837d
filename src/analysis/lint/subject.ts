// Does the policy select anything that policies apply to?

import { finishedPods, hostPods, isEmpty, isHeld, type LintCluster, namespacesOf } from "./cluster.ts"
import { nearPods } from "./near.ts"
import type { LintRule } from "./rule.ts"
import { namedPods, noneWords, whereWords } from "./words.ts"

export const lintSubject: LintRule = ({ record, outline, report, isFirst }, cluster) => {
  const { subject } = record.ir
  if (isHeld(subject, cluster.view)) return
  const path = outline.subject
  const finished = finishedPods(subject, cluster)
  const onHosts = hostPods(subject, cluster)
  if (onHosts.length > 0) {
    report("onlyHostNetwork", { pods: namedPods([...onHosts, ...finished], cluster.mayName) }, path)
    return
  }
  if (finished.length > 0) {
    report("onlyFinished", { pods: namedPods(finished, cluster.mayName) }, path)
    return
  }
  if (!isAnyPodThere([...namespacesOf(subject, cluster.view)], cluster)) {
    // A default-deny of a namespace that is being set up is no mistake, nor is a file of policies alone.
    if (isFirst) report("noPodsKnown", { where: whereWords(subject) }, path)
    return
  }
  report("selectsNoPod", { none: noneWords(subject), near: nearPods(subject, cluster) }, path)
}

function isAnyPodThere(namespaces: readonly string[], cluster: LintCluster): boolean {
  return namespaces.some((namespace) => !isEmpty(namespace, cluster))
}
