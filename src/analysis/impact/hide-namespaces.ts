// A report for somebody who may not know of every namespace: what names others is counted, not told.
//
// A text is told or left out as a whole, since it may name pods and labels of a namespace besides it.

import type { ImpactEnd, ImpactReport } from "../../api/impact-report.ts"
import type { Sight } from "../../explain/directory.ts"

type ConnectionChange = ImpactReport["appearing"]["listed"][number]

/** Every namespace that the report names: those to ask about, the subject's first, for not all may be asked about. */
export function namespacesIn(report: ImpactReport): readonly string[] {
  const named = new Set([
    ...isolationsOf(report).flatMap(({ workloads }) => workloads.map(({ namespace }) => namespace)),
    ...listedIn(report).flatMap(namespacesOfChange),
    ...report.findings.flatMap(({ namespaces = [] }) => namespaces),
    ...report.assertions.flatMap(namespacesOfAssertion),
  ])
  return [...new Set([...namespaceOfSubject(report), ...[...named].sort()])]
}

/** Asked for the namespaces of namespacesIn. Findings tell of pods of the subject's own, too. */
export function hideNamespaces(report: ImpactReport, sees: Sight): ImpactReport {
  const hidden = new Set(namespacesIn(report).filter((each) => !sees.namespace(each)))
  if (hidden.size === 0) return sees.nodes ? report : withoutNodes(report)
  const isShown = (names: readonly string[]): boolean => names.every((each) => !hidden.has(each))
  const own = namespaceOfSubject(report)
  const change = (each: ImpactReport["appearing"]): ImpactReport["appearing"] => ({
    ...each,
    listed: each.listed.filter((one) => isShown(namespacesOfChange(one))),
  })
  const both = ({ ingress, egress }: ImpactReport["isolated"]): ImpactReport["isolated"] => {
    const shown = (each: ImpactReport["isolated"]["ingress"]) => ({
      ...each,
      workloads: each.workloads.filter(({ namespace }) => isShown([namespace])),
    })
    return { ingress: shown(ingress), egress: shown(egress) }
  }
  return {
    // Where a pod of a hidden namespace runs would be told by them.
    ...withoutNodes(report),
    subject: isShown(own) ? report.subject : null,
    isolated: both(report.isolated),
    released: both(report.released),
    appearing: change(report.appearing),
    disappearing: change(report.disappearing),
    findings: report.findings.map((each) =>
      isShown([...own, ...(each.namespaces ?? [])])
        ? each
        : { ...each, message: withheldFinding(each.code), namespaces: [] },
    ),
    assertions: report.assertions.filter((each) => isShown(namespacesOfAssertion(each))),
    hidden: addCounts(report, hidden),
  }
}

function withoutNodes({ nodes, hidden, ...report }: ImpactReport): ImpactReport {
  return { ...report, nodes: [], hidden: { ...hidden, nodes: hidden.nodes + nodes.length } }
}

function withheldFinding(code: string): string {
  return `names namespaces in which you may not list pods; docs/diagnostics.md tells of ${code}`
}

function addCounts(report: ImpactReport, hidden: ReadonlySet<string>): ImpactReport["hidden"] {
  const workloads = isolationsOf(report).flatMap((each) => each.workloads)
  const pods = new Map(
    workloads
      .filter(({ namespace }) => hidden.has(namespace))
      .map(({ namespace, kind, name, pods }) => [`${namespace}/${kind}/${name}`, pods] as const),
  )
  const pairs = listedIn(report).filter((each) => namespacesOfChange(each).some((name) => hidden.has(name)))
  const assertions = report.assertions.filter((each) =>
    namespacesOfAssertion(each).some((name) => hidden.has(name)),
  )
  return {
    namespaces: report.hidden.namespaces + hidden.size,
    pods: report.hidden.pods + [...pods.values()].reduce((sum, each) => sum + each, 0),
    pairs: report.hidden.pairs + pairs.length,
    nodes: report.hidden.nodes + report.nodes.length,
    assertions: report.hidden.assertions + assertions.length,
  }
}

function isolationsOf({ isolated, released }: ImpactReport): readonly ImpactReport["isolated"]["ingress"][] {
  return [isolated.ingress, isolated.egress, released.ingress, released.egress]
}

function namespaceOfSubject({ subject }: ImpactReport): readonly string[] {
  if (subject === null) return []
  const name = subject.kind === "Namespace" ? subject.name : subject.namespace
  return name === "" ? [] : [name]
}

function listedIn({ appearing, disappearing }: ImpactReport): readonly ConnectionChange[] {
  return [...appearing.listed, ...disappearing.listed]
}

function namespacesOfChange({ source, destination }: ConnectionChange): readonly string[] {
  return [...namespaceOfEnd(source), ...namespaceOfEnd(destination)]
}

function namespaceOfEnd(end: ImpactEnd): readonly string[] {
  return "range" in end ? [] : [end.namespace]
}

function namespacesOfAssertion({
  assertion,
  namespaces = [],
}: ImpactReport["assertions"][number]): readonly string[] {
  return [assertion.namespace, ...namespaces]
}
