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
  const isHead = (end: AnalysisEnd) => focus === null || (end.kind === "workload" && focus.has(endText(end)))
  const heads = ends.filter(isHead)
  const ways: readonly Way[] = focus === null ? ["to"] : ["to", "from"]
  const blocks = ways.flatMap((way) => blocksOf(heads, { way, workloads, lines, screen }))
  const told = `${count(workloads.length, "workload")}, ${count(lines.length, "pair that can connect", "pairs that can connect")}`
  return `${[...blocks, screen.palette.dim(told)].join("\n\n")}\n`
}

/** What the ends at the head of a block can reach, or what can reach them. */
type Way = "to" | "from"

interface Telling {
  readonly way: Way
  readonly workloads: readonly WorkloadEnd[]
  readonly lines: readonly ConnectivityLine[]
  readonly screen: Screen
}

interface Row {
  readonly connections: string
  readonly others: readonly string[]
}

function blocksOf(heads: readonly AnalysisEnd[], telling: Telling): readonly string[] {
  const byHead = Map.groupBy(telling.lines, ({ source, destination }) =>
    telling.way === "to" ? source : destination,
  )
  const alike = new Map<string, { readonly rows: readonly Row[]; readonly heads: AnalysisEnd[] }>()
  for (const head of heads) {
    const lines = byHead.get(head) ?? []
    // A range is of one way only, and one that nothing comes from is not worth a word.
    if (head.kind === "range" && lines.length === 0) continue
    const rows = rowsOf(head, lines, telling)
    const key = JSON.stringify(rows)
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { rows, heads: [head] })
    else known.heads.push(head)
  }
  return Array.from(alike.values(), ({ rows, heads }) => blockText(heads, rows, telling))
}

function rowsOf(
  head: AnalysisEnd,
  lines: readonly ConnectivityLine[],
  { way, workloads }: Telling,
): readonly Row[] {
  const others = workloads.filter((each) => each !== head)
  const groups = Map.groupBy(
    lines,
    ({ connections, observed }) => `${connectionText(connections)}${observed ? ", observed" : ""}`,
  )
  return Array.from(groups, ([connections, group]) => {
    const ends = group.map(({ source, destination }) => (way === "to" ? destination : source))
    return { connections, others: endsInWords(ends, others) }
  })
}

function blockText(heads: readonly AnalysisEnd[], rows: readonly Row[], { way, screen }: Telling): string {
  const { palette, columns } = screen
  const ranges = heads.filter((head) => head.kind === "range")
  const names = [...heads.filter((head) => head.kind === "workload").map(nameOf), ...rangesInWords(ranges)]
  const title = flowed(names, columns).map(palette.bold)
  const arrow = way === "to" ? "→" : "←"
  if (rows.length === 0) {
    return [...title, `  ${palette.dim(arrow)} ${palette.warn(way === "to" ? "nothing" : "nobody")}`].join(
      "\n",
    )
  }
  const left = Math.min(MOST_LEFT, Math.max(...rows.map(({ connections }) => width(connections))))
  const body = rows.flatMap((row) => rowLines(row, { left, arrow, screen }))
  return [...title, ...body].join("\n")
}

/** Longer lists of ports stand on a line of their own. */
const MOST_LEFT = 32

interface RowLayout {
  readonly left: number
  readonly arrow: string
  readonly screen: Screen
}

function rowLines({ connections, others }: Row, { left, arrow, screen }: RowLayout): readonly string[] {
  const indent = 4 + left + 2
  const [first = "", ...rest] = flowed(others, screen.columns - indent)
  const head = `  ${screen.palette.dim(arrow)} ${padded(screen.palette.good(connections), left)}`
  const continued = rest.map((line) => `${" ".repeat(indent)}${line}`)
  if (width(connections) <= left) return [`${head}  ${first}`, ...continued]
  return [head, `${" ".repeat(indent)}${first}`, ...continued]
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
