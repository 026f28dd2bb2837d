// Random reports, with names that occur nowhere else: what is left of them can be searched for.

import * as fc from "fast-check"
import type { ImpactEnd, ImpactReport } from "../../src/api/impact-report.ts"

/** Each a word that no sentence of ours has. */
export const REPORT_NAMESPACES = ["qredq", "qgreenq", "qblueq"] as const

const workload = fc
  .record({
    namespace: fc.constantFrom(...REPORT_NAMESPACES),
    name: fc.constantFrom("web", "db"),
    kind: fc.constantFrom("Deployment", "Pod"),
    pods: fc.integer({ min: 1, max: 3000 }),
  })
  .map((each) => ({ ...each, name: `${each.namespace}-${each.name}` }))

const end: fc.Arbitrary<ImpactEnd> = fc.oneof(
  { weight: 4, arbitrary: workload },
  { weight: 1, arbitrary: fc.constant({ range: "10.0.0.0-10.255.255.255" }) },
)

const connections = fc.constantFrom("", "TCP 80", "All Connections", "TCP 80,443,8080-8090,UDP 53,SCTP 9")

const connection = fc
  .record({
    source: end,
    destination: end,
    before: connections,
    after: connections,
    changed: connections.filter((each) => each !== ""),
    dns: fc.boolean(),
  })
  .map((each) => ({
    ...each,
    decidedBy: `ingress of ${"range" in each.destination ? "" : each.destination.name}: isolated`,
  }))

const changed = fc
  .record({ extra: fc.nat(40), observed: fc.nat(3), listed: fc.array(connection, { maxLength: 30 }) })
  .map(({ extra, observed, listed }) => ({ pairs: listed.length + extra, observed, listed }))

const isolation = fc
  .array(workload, { maxLength: 12 })
  .map((workloads) => ({ pods: workloads.reduce((sum, { pods }) => sum + pods, 0), workloads }))
const isolations = fc.record({ ingress: isolation, egress: isolation })

const namespaces = fc.subarray([...REPORT_NAMESPACES])

const finding = namespaces.map((all) => ({
  code: "PNP0401",
  severity: "warning" as const,
  message: `nothing matches; near misses in ${all.map((each) => `${each}/${each}-web`).join(" and ")}`,
  path: "spec.ingress[0]",
  namespaces: [...all],
}))

const assertion = fc
  .record({ own: fc.constantFrom(...REPORT_NAMESPACES), others: namespaces })
  .map(({ own, others }) => ({
    assertion: { kind: "ConnectivityAssertion", namespace: own, name: `${own}-reaches` },
    path: "spec",
    text: `${own}/${own}-web → ${others.map((each) => `${each}/${each}-db`).join()} is denied`,
    namespaces: [...others],
  }))

/** Whoever asks knows its name; whoever reads the report later may not. */
const subjects: readonly NonNullable<ImpactReport["subject"]>[] = [
  ...REPORT_NAMESPACES.map((namespace) => ({
    kind: "NetworkPolicy",
    namespace,
    name: `${namespace}-closed`,
  })),
  ...REPORT_NAMESPACES.map((name) => ({ kind: "Namespace", namespace: "", name })),
]

export const randomReport: fc.Arbitrary<ImpactReport> = fc
  .record({
    key: fc.constant("k7q2x4m3aa"),
    subject: fc.constantFrom(null, ...subjects),
    operation: fc.constantFrom("CREATE", "UPDATE", "DELETE"),
    complete: fc.boolean(),
    enforcement: fc.constantFrom("enforce", "observe"),
    isolated: isolations,
    released: isolations,
    appearing: changed,
    disappearing: changed,
    nodes: fc.subarray(["node-a", "node-b"]),
    findings: fc.array(finding, { maxLength: 3 }),
    assertions: fc.array(assertion, { maxLength: 3 }),
    hidden: fc.constant({ namespaces: 0, pods: 0, pairs: 0, nodes: 0, assertions: 0 }),
    notes: fc.constant<string[]>([]),
  })
  .map(
    (report): ImpactReport => ({
      ...report,
      findings: report.findings.map((each) => ({ ...each, message: `${each.message}${ownPods(report)}` })),
    }),
  )

/** Findings tell of pods of the subject's own namespace without naming it. */
function ownPods({ subject }: Pick<ImpactReport, "subject">): string {
  return subject === null ? "" : `; Deployment ${subject.namespace || subject.name}-web has app=Web`
}
