// What a change will do, for people at a terminal: the sentence first, then who, then which connections.

import type { ImpactEnd, ImpactReport } from "../api/impact-report.ts"
import { counted, impactSummary } from "../analysis/impact-summary.ts"
import { printable } from "../analysis/printable.ts"
import type { Palette } from "./palette.ts"
import { padded, width } from "./text-layout.ts"

export interface ImpactTextOptions {
  readonly palette: Palette
  /** Connections of each kind; 20 where it is not said. */
  readonly most?: number
}

type ConnectionChange = ImpactReport["appearing"]["listed"][number]
type Isolation = ImpactReport["isolated"]["ingress"]

const MOST_LINES = 20
/** Of a subject nobody wants to read fifty names. */
const MOST_WORKLOADS = 8

export function impactText(source: ImpactReport, { palette, most = MOST_LINES }: ImpactTextOptions): string {
  const report = source
  const blocks = [
    headText(report, palette),
    isolationText(report, palette),
    connectionsText({ changes: report.disappearing, title: "Disappear", mark: palette.bad("−"), most }, palette),
    connectionsText({ changes: report.appearing, title: "Appear", mark: palette.good("+"), most }, palette),
    assertionsText(report, palette),
    findingsText(report, palette),
    closingText(report, palette),
  ]
  return `${blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")}\n`
}
