// The status of a PolicyPreview: an object of etcd, so every list and every text in it has a bound.

import { hideNamespaces } from "../../src/analysis/impact/hide-namespaces.ts"
import { impactSummary } from "../../src/analysis/impact/summary.ts"
import { shortenedTo } from "../../src/analysis/printable.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import type { PolicyPreviewStatus } from "../../src/api/policy-preview.ts"
import { refusalText } from "../admission/finding-text.ts"
import { warningsOf } from "../admission/warnings.ts"
import type { Analysis } from "../analyst.ts"
import type { Preview } from "./preview-resource.ts"

const MOST_LISTED = 50
const MOST_NODES = 200
const MOST_CHARACTERS = 500

export function previewStatus(
  preview: Preview,
  { report: whole, refusals }: Analysis,
  now: string,
): PolicyPreviewStatus {
  // Nobody knows who asks, and whoever can read this object can read the answer.
  const sees = { namespace: (name: string) => name === preview.namespace, nodes: false }
  const report = hideNamespaces(whole, sees)
  const isRefused = refusals.length > 0
  const looked = report.complete ? "the change has been looked at" : "there was no time for all of it"
  const message = isRefused ? cut(`the change would be refused: ${refusalText(refusals)}`) : looked
  return {
    observedGeneration: preview.generation,
    summary: impactSummary(report),
    warnings: [...warningsOf(report, report.findings)],
    key: report.key,
    report: { ...bounded(report) },
    conditions: [
      condition(preview, { status: "True", reason: isRefused ? "WouldBeRefused" : "Analysed", message, now }),
    ],
  }
}

interface NotReady {
  readonly reason: string
  readonly message: string
}

export function failedPreview(
  preview: Preview,
  { reason, message }: NotReady,
  now: string,
): PolicyPreviewStatus {
  const told = shortenedTo(message, 8 * MOST_CHARACTERS)
  return {
    observedGeneration: preview.generation,
    conditions: [condition(preview, { status: "False", reason, message: told, now })],
  }
}

interface Told extends NotReady {
  readonly status: "True" | "False"
  readonly now: string
}

function condition(
  { generation }: Preview,
  { now, ...told }: Told,
): PolicyPreviewStatus["conditions"][number] {
  return { type: "Ready", observedGeneration: generation, lastTransitionTime: now, ...told }
}

/** Counts stay whole. */
export function bounded(report: ImpactReport): ImpactReport {
  return {
    ...report,
    isolated: boundedIsolations(report.isolated),
    released: boundedIsolations(report.released),
    appearing: boundedConnections(report.appearing),
    disappearing: boundedConnections(report.disappearing),
    nodes: report.nodes.slice(0, MOST_NODES),
    findings: report.findings
      .slice(0, MOST_LISTED)
      .map((each) => ({ ...each, message: cut(each.message), path: cut(each.path) })),
    assertions: report.assertions.slice(0, MOST_LISTED).map((each) => ({ ...each, text: cut(each.text) })),
    notes: report.notes.slice(0, MOST_LISTED).map(cut),
  }
}

type Isolations = ImpactReport["isolated"]

function boundedIsolations({ ingress, egress }: Isolations): Isolations {
  const one = ({ pods, workloads }: Isolations["ingress"]) => ({
    pods,
    workloads: workloads.slice(0, MOST_LISTED),
  })
  return { ingress: one(ingress), egress: one(egress) }
}

type Connections = ImpactReport["appearing"]

function boundedConnections(connections: Connections): Connections {
  const listed = connections.listed.slice(0, MOST_LISTED).map((each) => ({
    ...each,
    before: cut(each.before),
    after: cut(each.after),
    changed: cut(each.changed),
    decidedBy: cut(each.decidedBy),
  }))
  return { ...connections, listed }
}

function cut(text: string): string {
  return shortenedTo(text, MOST_CHARACTERS)
}
