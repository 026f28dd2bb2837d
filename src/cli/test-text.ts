// A run of assertions as people read it: a line for each case, and under one that failed why.

import type { PortCheck } from "../analysis/assertions.ts"
import type { Answer } from "../explain/inquiry.ts"
import type { DirectionExplanation } from "../explain/verdict.ts"
import { explanationText, type Style } from "./explain-text.ts"
import type { Palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import type { TestedCheck } from "./test-run.ts"
import { count, padded, width } from "./text-layout.ts"

export interface TestStyle extends Style, Screen {
  /** What was tested: "deploy/", or a cluster. */
  readonly subject: string
}

const marks = { met: "✓", failed: "✗", error: "!" } as const
const inks = { met: "good", failed: "bad", error: "warn" } as const satisfies Record<string, keyof Palette>
const mostEndColumns = 34

export function testText(checks: readonly TestedCheck[], style: TestStyle): string {
  const { palette } = style
  const columns = columnsOf(checks, style.columns)
  const groups = Map.groupBy(checks, ({ assertion }) => `${assertion.namespace}/${assertion.name}`)
  const lines = [...groups].flatMap(([name, members]) => {
    const file = members[0]?.position?.file ?? ""
    return [
      `${palette.bold(name)}${file === "" ? "" : `  ${palette.dim(file)}`}`,
      ...members.flatMap((check) => [caseLine(check, { columns, palette }), ...detailLines(check, style)]),
      "",
    ]
  })
  // One empty line is enough between what failed and what follows.
  return `${[...lines, summaryLine(checks, style)].join("\n").replace(/\n{3,}/g, "\n\n")}\n`
}

/** Why each port of a case that failed did not get its verdict; nothing for a case that is met. */
export function detailText(check: TestedCheck, style: Style): string {
  const blocks = check.ports.map((each) => portLines(check, each, style)).filter((lines) => lines.length > 0)
  return blocks.map((lines) => lines.join("\n")).join("\n\n")
}

interface Columns {
  readonly from: number
  readonly to: number
  readonly ports: number
}

/** Where a table has no room, lines are as long as they need to be. */
function columnsOf(checks: readonly TestedCheck[], most: number): Columns {
  const columns = widestOf(checks)
  const taken = columns.from + columns.to + columns.ports + BESIDE_COLUMNS
  return taken <= most ? columns : { from: 0, to: 0, ports: 0 }
}

/** "  ✓ ", " → ", and "  Allow" behind two spaces. */
const BESIDE_COLUMNS = 16

function widestOf(checks: readonly TestedCheck[]): Columns {
  const widest = (texts: readonly string[]) =>
    Math.min(mostEndColumns, Math.max(0, ...texts.map((text) => width(text))))
  return {
    from: widest(checks.map(({ asserted }) => asserted.from)),
    to: widest(checks.map(({ asserted }) => asserted.to)),
    ports: widest(checks.map(({ asserted }) => asserted.ports.join(", "))),
  }
}

interface LineStyle {
  readonly columns: Columns
  readonly palette: Palette
}

function caseLine({ asserted, status, position }: TestedCheck, { columns, palette }: LineStyle): string {
  const { from, to, ports, expect } = asserted
  const ends = `${padded(from, columns.from)} → ${padded(to, columns.to)}  ${padded(ports.join(", "), columns.ports)}`
  const place = status === "met" || position === undefined ? "" : `  ${position.file}:${position.line}`
  const mark = palette[inks[status]](marks[status])
  return `  ${mark} ${ends}  ${status === "met" ? palette.dim(expect) : `expected ${expect}`}${palette.dim(place)}`
}

function detailLines(check: TestedCheck, style: Style): readonly string[] {
  const text = detailText(check, style)
  if (text === "") return []
  return ["", ...text.split("\n").map((line) => (line === "" ? "" : `      ${line}`)), ""]
}

function portLines(
  { asserted }: TestedCheck,
  { port, status, answer, diagnostics }: PortCheck,
  style: Style,
): readonly string[] {
  if (status === "met") return []
  if (answer === null) {
    return diagnostics.map(
      ({ code, message }) => `${style.palette.warn(`error ${code}`)} ${port}: ${message}`,
    )
  }
  const asked = { from: asserted.from, to: asserted.to, port }
  const text = explanationText(asked, inShort(answer), style)
  return [text.trimEnd()]
}

/** Without the rules that are far from it: postern explain tells those of one case, and there may be many here. */
function inShort({ egress, ingress, cases, ...answer }: Answer): Answer {
  const short = (direction: DirectionExplanation | null) =>
    direction && { ...direction, trace: direction.trace.filter(({ outcome }) => outcome !== "no-match") }
  return {
    ...answer,
    egress: short(egress),
    ingress: short(ingress),
    cases: cases.map((each) => ({ ...each, egress: short(each.egress), ingress: short(each.ingress) })),
  }
}

function summaryLine(checks: readonly TestedCheck[], { palette, subject }: TestStyle): string {
  const counted = (status: TestedCheck["status"]) => checks.filter((each) => each.status === status).length
  const [met, failed, errors] = [counted("met"), counted("failed"), counted("error")]
  const bad = [...(failed > 0 ? [`${failed} failed`] : []), ...(errors > 0 ? [count(errors, "error")] : [])]
  const all = `${met} of ${count(checks.length, "case")} as expected`
  const told = bad.length === 0 ? palette.good(`✓ ${all}`) : `${palette.bad(`✗ ${bad.join(", ")}`)}, ${all}`
  return `${told}  ${palette.dim(subject)}`
}
