// What a change will do, in one sentence.

import type { ImpactReport } from "../../api/impact-report.ts"

type Isolations = ImpactReport["isolated"]

/** Manifests tell workloads, and of their pods neither how many there will be nor how many there are. */
export type Unit = "pod" | "workload"

/** "3 pods become ingress-isolated; 14 connections disappear, 0 appear; 2 nodes change". */
export function impactSummary(report: ImpactReport, unit: Unit = "pod"): string {
  const nodes = report.nodes.length + report.hidden.nodes
  const parts = [
    ...isolationParts(report.isolated, { one: "becomes", many: "become", unit }),
    ...isolationParts(report.released, { one: "is no longer", many: "are no longer", unit }),
    connectionPart(report),
    nodes === 0 ? "no node changes" : `${counted(nodes, "node")} ${nodes === 1 ? "changes" : "change"}`,
  ]
  return `${report.complete ? "" : "at least: "}${parts.join("; ")}`
}

/** "1 pod", "1,200 pods". */
export function counted(amount: number, one: string): string {
  return `${inDigits(amount)} ${amount === 1 ? one : `${one}s`}`
}

interface Words {
  readonly one: string
  readonly many: string
  readonly unit: Unit
}

/** Workloads that are not listed count as one for each of their pods. */
export function isolatedCount({ pods, workloads }: Isolations["ingress"], unit: Unit): number {
  if (unit === "pod") return pods
  return workloads.reduce((rest, each) => rest - each.pods + 1, pods)
}

function isolationParts({ ingress, egress }: Isolations, { one, many, unit }: Words): readonly string[] {
  const directions = [
    { direction: "ingress", amount: isolatedCount(ingress, unit) },
    { direction: "egress", amount: isolatedCount(egress, unit) },
  ].filter(({ amount }) => amount > 0)
  const texts = directions.map(({ direction, amount }, i) =>
    i === 0
      ? `${counted(amount, unit)} ${amount === 1 ? one : many} ${direction}-isolated`
      : `${inDigits(amount)} ${direction}-isolated`,
  )
  return texts.length === 0 ? [] : [texts.join(", ")]
}

function connectionPart({ appearing, disappearing }: ImpactReport): string {
  if (appearing.pairs === 0 && disappearing.pairs === 0) return "no connection appears or disappears"
  const lost = `${counted(disappearing.pairs, "connection")} ${disappearing.pairs === 1 ? "disappears" : "disappear"}`
  return `${lost}, ${inDigits(appearing.pairs)} ${appearing.pairs === 1 ? "appears" : "appear"}`
}

function inDigits(amount: number): string {
  return amount.toLocaleString("en-US")
}
