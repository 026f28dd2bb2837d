// What a change will do, in one sentence.

import type { ImpactReport } from "../api/impact-report.ts"

type Isolations = ImpactReport["isolated"]

/** "3 pods become ingress-isolated; 14 connections disappear, 0 appear; 2 nodes change". */
export function impactSummary(report: ImpactReport): string {
  const nodes = report.nodes.length + report.hidden.nodes
  const parts = [
    ...isolationParts(report.isolated, { one: "becomes", many: "become", end: "-isolated" }),
    ...isolationParts(report.released, { one: "is no longer", many: "are no longer", end: "-isolated" }),
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
  readonly end: string
}

function isolationParts({ ingress, egress }: Isolations, { one, many, end }: Words): readonly string[] {
  const directions = [
    { direction: "ingress", pods: ingress.pods },
    { direction: "egress", pods: egress.pods },
  ].filter(({ pods }) => pods > 0)
  const texts = directions.map(({ direction, pods }, i) =>
    i === 0
      ? `${counted(pods, "pod")} ${pods === 1 ? one : many} ${direction}${end}`
      : `${inDigits(pods)} ${direction}${end}`,
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
