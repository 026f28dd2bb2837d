// Analysis of changes against the cluster as it is followed.

import { impactOf } from "../src/analysis/impact/impact.ts"
import { reportKey } from "../src/analysis/impact/report-key.ts"
import { lint } from "../src/analysis/lint/lint.ts"
import { DEFAULT_POSTERN, lockouts } from "../src/analysis/lint/lockouts.ts"
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

export function createClusterAnalyst({ cluster, namespace }: ClusterAnalystOptions): Analyst {
  const { model, world } = cluster
  return {
    problem: () => {
      const missing = cluster.missing()
      return missing === "" ? cluster.stale() : `the cluster is not known yet (${missing})`
    },
    isNamespace: (name) => cluster.missing() !== "" || new Set(model.namespaces()).has(name),
    podsOf: ({ kind, namespace, name }) =>
      world.world.podsOf(namespace, { kind, name }).filter(({ finished }) => !finished),
    analyse: (question) => {
      const { reference, operation, changes, deadline } = question
      const key = reportKey(changes, cluster.revision())
      const looked = findingsOf(question, { cluster, namespace })
      const impact = impactOf({ model, changes, subject: reference, operation, deadline, key })
      const broken = brokenAssertions(question, impact, cluster)
      const report = { ...impact, findings: [...looked.findings], assertions: [...broken.assertions] }
      return {
        report: broken.complete ? report : unfinished(report),
        refusals: [...looked.refusals, ...broken.refusals],
      }
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

interface Findings {
  readonly findings: readonly ImpactFinding[]
  readonly refusals: readonly Diagnostic[]
}

/** Of what the change does to the cluster as a whole, and of the policies that it makes or changes. */
function findingsOf(question: Question, { cluster, namespace }: ClusterAnalystOptions): Findings {
  const { reference, annotations, changes } = question
  const { model } = cluster
  const after = model.with(changes)
  const set = changes.flatMap((each) =>
    each.kind === "policy" && each.op === "set" ? referenceOf(each) : [],
  )
  const policies = changes.flatMap((each) => (each.kind === "policy" ? referenceOf(each) : []))
  const postern = { ...DEFAULT_POSTERN, namespace }
  const cutting = named(reference, (mayName) =>
    lockouts({ before: model, after, object: reference, annotations, policies, mayName, postern }),
  )
  const odd =
    set.length === 0
      ? []
      : named(reference, (mayName) =>
          lint({ view: after, policies: set, mayName, deadline: question.deadline }),
        )
  const isError = ({ diagnostic }: Named): boolean => diagnostic.severity === "error"
  return {
    findings: [...cutting, ...odd].filter((each) => !isError(each)).map(findingOf),
    refusals: cutting.filter(isError).map(({ diagnostic }) => diagnostic),
  }
}

function referenceOf(change: Change & { readonly kind: "policy" }): PolicyReference {
  if (change.op === "delete")
    return { kind: change.policyKind, namespace: change.namespace, name: change.name }
  const { kind, metadata } = change.value
  return { kind, namespace: metadata.namespace, name: metadata.name }
}

interface Named {
  readonly diagnostic: Diagnostic
  /** Other than the subject's. */
  readonly namespaces: readonly string[]
}

/** Which of several namespaces a message names is not known: of one that is another with none of them it is all. */
function named(
  { namespace }: Question["reference"],
  ask: (mayName: (namespace: string) => boolean) => readonly Diagnostic[],
): readonly Named[] {
  const asked = new Set<string>()
  const all = ask((each) => {
    asked.add(each)
    return true
  })
  asked.delete(namespace)
  if (asked.size === 0) return all.map((each) => ({ diagnostic: each, namespaces: [] }))
  const withheld = new Set(ask((each) => each === namespace).map(textOf))
  const namespaces = [...asked].sort()
  return all.map((each) => ({ diagnostic: each, namespaces: withheld.has(textOf(each)) ? [] : namespaces }))
}

function textOf({ code, message, path = [] }: Diagnostic): string {
  return `${code} ${fieldPathText(path)} ${message}`
}

function findingOf({ diagnostic, namespaces }: Named): ImpactFinding {
  const { code, severity, message, path = [] } = diagnostic
  const finding = { code, severity, message, path: fieldPathText(path) }
  return namespaces.length === 0 ? finding : { ...finding, namespaces: [...namespaces] }
}
