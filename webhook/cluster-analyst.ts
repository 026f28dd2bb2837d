// Analysis of changes against the cluster as it is followed.

import { impactOf } from "../src/analysis/impact.ts"
import { lint } from "../src/analysis/lint/lint.ts"
import { reportKey } from "../src/analysis/report-key.ts"
import { type Diagnostic, fieldPathText } from "../src/api/diagnostic.ts"
import type { ImpactFinding, ImpactReport } from "../src/api/impact-report.ts"
import type { PolicyReference } from "../src/compile/policy-ir.ts"
import type { Change } from "../src/compile/snapshot.ts"
import type { Analyst, Question } from "./analyst.ts"
import { brokenAssertions } from "./broken-assertions.ts"
import type { ClusterFollower } from "./cluster-view.ts"

export interface ClusterAnalystOptions {
  readonly cluster: ClusterFollower
  /** Of Postern's own pods. */
  readonly namespace: string
}

export function createClusterAnalyst({ cluster }: ClusterAnalystOptions): Analyst {
  const { model, world } = cluster
  return {
    problem: () => {
      const missing = cluster.missing()
      return missing === "" ? "" : `the cluster is not known yet (${missing})`
    },
    podsOf: ({ kind, namespace, name }) =>
      world.world.podsOf(namespace, { kind, name }).filter(({ finished }) => !finished),
    analyse: (question) => {
      const { reference, operation, changes, deadline } = question
      const key = reportKey(changes, cluster.revision())
      const impact = impactOf({ model, changes, subject: reference, operation, deadline, key })
      const findings = findingsOf(question, cluster)
      const { assertions, refusals, complete } = brokenAssertions(question, impact, cluster)
      const report = { ...impact, findings: [...findings], assertions: [...assertions] }
      return { report: complete ? report : unfinished(report), refusals }
    },
  }
}

function unfinished(report: ImpactReport): ImpactReport {
  return {
    ...report,
    complete: false,
    notes: [...report.notes, "not every ConnectivityAssertion was looked at"],
  }
}

/** Of the policies that the change makes or changes, in the cluster as it would be. */
function findingsOf({ reference, changes }: Question, { model }: ClusterFollower): readonly ImpactFinding[] {
  const policies = changes.flatMap(policySet)
  if (policies.length === 0) return []
  const view = model.with(changes)
  const asked = new Set<string>()
  const mayName = (namespace: string): boolean => {
    asked.add(namespace)
    return true
  }
  const all = lint({ view, policies, complete: true, mayName })
  if (asked.size === 0) return all.map((each) => findingOf(each, []))
  const texts = new Set(lint({ view, policies, complete: true, mayName: () => false }).map(textOf))
  const namespaces = [...asked].filter((each) => each !== reference.namespace).sort()
  // Which of them a message names is not known: with none of them it is another message.
  return all.map((each) => findingOf(each, texts.has(textOf(each)) ? [] : namespaces))
}

function policySet(change: Change): readonly PolicyReference[] {
  if (change.kind !== "policy" || change.op !== "set") return []
  const { kind, metadata } = change.value
  return [{ kind, namespace: metadata.namespace, name: metadata.name }]
}

function textOf({ code, message, path = [] }: Diagnostic): string {
  return `${code} ${fieldPathText(path)} ${message}`
}

function findingOf(
  { code, severity, message, path = [] }: Diagnostic,
  namespaces: readonly string[],
): ImpactFinding {
  const finding = { code, severity, message, path: fieldPathText(path) }
  return namespaces.length === 0 ? finding : { ...finding, namespaces: [...namespaces] }
}
