// Connectivity for people: what each workload can reach, those that can do the same told once.

import { connectionText } from "../analysis/connection-set.ts"
import type { Connectivity, ConnectivityLine } from "../analysis/connectivity.ts"
import { type AnalysisEnd, endText, type WorkloadEnd } from "../analysis/end.ts"
import { endsInWords, nameOf, rangesInWords } from "./ends-in-words.ts"
import type { Screen } from "./screen.ts"
import { count, padded, width } from "./text-layout.ts"

export interface TextOptions {
  readonly screen: Screen
  /** Texts of the workloads that are asked about; null for all. */
  readonly focus: ReadonlySet<string> | null
}

export function connectivityText(connectivity: Connectivity, { screen, focus }: TextOptions): string {
  const { ends, lines } = connectivity
  const workloads = ends.filter((end) => end.kind === "workload")
  const heads =
    focus === null ? ends : ends.filter((end) => end.kind === "workload" && focus.has(endText(end)))
  const ways: readonly Way[] = focus === null ? ["to"] : ["to", "from"]
  const blocks = blocksOf(heads, { ways, workloads, lines, screen })
  const told = `${count(workloads.length, "workload")}, ${count(lines.length, "pair that can connect", "pairs that can connect")}`
  const legend = lines.some(({ observed }) => observed) ? `\n${OBSERVED}` : ""
  return `${[...blocks, screen.palette.dim(`${told}${legend}`)].join("\n\n")}\n`
}

const OBSERVED = "observed: policies deny some of it, and that is only counted for now"

/** What the ends at the head of a block can reach, or what can reach them. */
type Way = "to" | "from"

interface Telling {
  readonly ways: readonly Way[]
  readonly workloads: readonly WorkloadEnd[]
  readonly lines: readonly ConnectivityLine[]
  readonly screen: Screen
}

interface Row {
  readonly way: Way
  /** "" where there are no others. */
  readonly connections: string
  readonly others: readonly string[]
}

function blocksOf(heads: readonly AnalysisEnd[], telling: Telling): readonly string[] {
  const byEnd = {
    to: Map.groupBy(telling.lines, ({ source }) => source),
    from: Map.groupBy(telling.lines, ({ destination }) => destination),
  } as const satisfies Record<Way, unknown>
  const alike = new Map<string, { readonly rows: readonly Row[]; readonly heads: AnalysisEnd[] }>()
  for (const head of heads) {
    // A range that nothing comes from is not worth a word.
    if (head.kind === "range" && !byEnd.to.has(head)) continue
    const rows = telling.ways.flatMap((way) => rowsOf(head, byEnd[way].get(head) ?? [], { way, telling }))
    const key = JSON.stringify(rows)
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { rows, heads: [head] })
    else known.heads.push(head)
  }
  return Array.from(alike.values(), ({ rows, heads }) => blockText(heads, rows, telling.screen))
}

interface RowTelling {
  readonly way: Way
  readonly telling: Telling
}

function rowsOf(
  head: AnalysisEnd,
  lines: readonly ConnectivityLine[],
  { way, telling }: RowTelling,
): readonly Row[] {
  if (lines.length === 0) return [{ way, connections: "", others: [way === "to" ? "nothing" : "nobody"] }]
  const others = telling.workloads.filter((each) => each !== head)
  const groups = Map.groupBy(
    lines,
    ({ connections, observed }) => `${connectionText(connections)}${observed ? ", observed" : ""}`,
  )
  return Array.from(groups, ([connections, group]) => {
    const ends = group.map(({ source, destination }) => (way === "to" ? destination : source))
    const every = head.kind === "range" ? "every workload" : "every other workload"
    return { way, connections, others: endsInWords(ends, { workloads: others, every }) }
  })
}

function blockText(heads: readonly AnalysisEnd[], rows: readonly Row[], screen: Screen): string {
  const ranges = heads.filter((head) => head.kind === "range")
  const names = [...rangesInWords(ranges), ...heads.filter((head) => head.kind === "workload").map(nameOf)]
  const title = flowed(names, screen.columns).map(screen.palette.bold)
  const left = Math.min(MOST_LEFT, Math.max(...rows.map(({ connections }) => width(connections))))
  return [...title, ...rows.flatMap((row) => rowLines(row, left, screen))].join("\n")
}

/** Longer lists of ports stand on a line of their own. */
const MOST_LEFT = 32

function rowLines({ way, connections, others }: Row, left: number, screen: Screen): readonly string[] {
  const { palette, columns } = screen
  const arrow = palette.dim(way === "to" ? "→" : "←")
  if (connections === "") return [`  ${arrow} ${palette.warn(others.join())}`]
  const indent = " ".repeat(4 + left + 2)
  const [first = "", ...rest] = flowed(others, columns - indent.length)
  const head = `  ${arrow} ${padded(palette.good(connections), left)}`
  const continued = rest.map((line) => `${indent}${line}`)
  if (width(connections) <= left) return [`${head}  ${first}`, ...continued]
  return [head, `${indent}${first}`, ...continued]
}

/** Words with commas between, broken behind a comma. */
function flowed(words: readonly string[], columns: number): readonly string[] {
  const lines: string[] = []
  let line = ""
  for (const [i, word] of words.entries()) {
    const text = i === words.length - 1 ? word : `${word},`
    if (line === "") line = text
    else if (width(line) + 1 + width(text) <= columns) line += ` ${text}`
    else {
      lines.push(line)
      line = text
    }
  }
  return [...lines, line]
}
