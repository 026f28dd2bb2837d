// `postern status` for people: what wants attention first.

import type { PolicyLine, StatusReport } from "../api/status-report.ts"
import { isDenying } from "./next-steps.ts"
import { phaseOrder } from "./read-status.ts"
import type { Screen } from "./screen.ts"
import { count, padded, width, wrapped } from "./text-layout.ts"

/** Of each kind; -o json has all. */
const MOST_LINES = 20
/** Before what is said of something. */
const TITLE_COLUMNS = 11

export interface StatusDetail {
  /** Everything of a node, notes too. */
  readonly notes: boolean
}

export function statusText(
  report: StatusReport,
  screen: Screen,
  detail: StatusDetail = { notes: false },
): string {
  const parts = [stalePart, nodesPart, problemsPart(detail), policiesPart, deniedPart, modePart, nextPart]
  return `${parts.flatMap((part) => part(report, screen)).join("\n")}\n`
}

type Part = (report: StatusReport, screen: Screen) => readonly string[]

const stalePart: Part = ({ stale }, screen) => (stale === "" ? [] : [titled("Old", stale, screen)])

const nodesPart: Part = ({ nodes }, screen) => {
  const counts = countedBy(nodes.map(({ state }) => state))
  const attention = nodes.filter(({ state }) => state !== "Programmed")
  const rows = attention.map(({ name, state, message }) => ({ name, state, words: message }))
  return [titled("Nodes", counts, screen), ...table(rows, screen)]
}

/** Most nodes of a cluster have the same ones: told once, with the nodes. */
const problemsPart =
  ({ notes }: StatusDetail): Part =>
  ({ nodes }, screen) => {
    const all = nodes.flatMap(({ name, problems }) => problems.map((problem) => ({ ...problem, node: name })))
    const told = all.filter(({ severity }) => notes || severity !== "note")
    const rows = [...Map.groupBy(told, ({ severity, message }) => `${severity} ${message}`).values()].map(
      (same) => ({
        name: same[0]?.severity ?? "",
        state: nodesText([...new Set(same.map(({ node }) => node))]),
        words: same[0]?.message ?? "",
      }),
    )
    const noted = new Set(all.filter(({ severity }) => severity === "note").map(({ message }) => message))
      .size
    const hint =
      notes || noted === 0
        ? ""
        : `${count(noted, "note")} on other tables and the like: postern status --node NAME`
    if (rows.length === 0 && hint === "") return []
    return [
      titled(
        "Problems",
        hint === "" ? `${rows.length}` : [...(rows.length > 0 ? [`${rows.length}`] : []), hint].join("; "),
        screen,
      ),
      ...table(rows, screen),
    ]
  }

function nodesText(names: readonly string[]): string {
  const [first = ""] = names
  return names.length === 1 ? first : count(names.length, "node")
}

const policiesPart: Part = ({ policies }, screen) => {
  const phases = policies.map(({ phase }) => phase)
  const counts = countedBy(phases.toSorted((a, b) => phaseOrder.indexOf(b) - phaseOrder.indexOf(a)))
  const attention = policies.filter(({ phase }) => phase !== "Programmed" && phase !== "Pending")
  const rows = attention.map((line) => ({ name: nameOf(line), state: line.phase, words: line.message }))
  return [titled("Policies", counts, screen), ...table(rows, screen)]
}

const deniedPart: Part = ({ policies }, screen) => {
  const denying = policies.filter(isDenying).toSorted((a, b) => total(b) - total(a))
  if (denying.length === 0) return []
  const rows = denying.map((line) => ({
    name: nameOf(line),
    state: line.enforcement === "observe" ? "let pass" : "dropped",
    words: [
      line.denied.ingress > 0 ? `${count(line.denied.ingress, "packet")} to its pods` : "",
      line.denied.egress > 0 ? `${count(line.denied.egress, "packet")} from its pods` : "",
    ]
      .filter((text) => text !== "")
      .join(", "),
  }))
  return [titled("Denied", "by policy, since they were counted first", screen), ...table(rows, screen)]
}

const modePart: Part = ({ enforcement, namespaces }, screen) => {
  const others = Object.entries(namespaces).filter(([, mode]) => mode !== enforcement)
  const names = others.slice(0, MOST_LINES).map(([name]) => name)
  const rest = others.length > names.length ? ` and ${others.length - names.length} more` : ""
  const other = enforcement === "observe" ? "enforced" : "observed"
  return [
    titled(
      "Mode",
      `${enforcement}${names.length === 0 ? "" : `; ${other}: ${names.join(", ")}${rest}`}`,
      screen,
    ),
  ]
}

const nextPart: Part = ({ next }, screen) =>
  next.map((step, i) => titled(i === 0 ? "Next" : "", step, screen))

interface Row {
  readonly name: string
  readonly state: string
  readonly words: string
}

function table(rows: readonly Row[], { columns, palette }: Screen): readonly string[] {
  const shown = rows.slice(0, MOST_LINES)
  const names = Math.max(0, ...shown.map(({ name }) => width(name)))
  const states = Math.max(0, ...shown.map(({ state }) => width(state)))
  const lines = shown.flatMap(({ name, state, words }) => {
    const [first = "", ...more] = wrapped(
      `  ${padded(name, names)}  ${padded(state, states)}  `.trimEnd(),
      columns,
    )
    const room = Math.max(20, columns - names - states - 6)
    const [word = "", ...rest] = wrapped(words, room)
    const indent = " ".repeat(names + states + 6)
    return [
      `${padded(first, names + states + 6)}${palette.dim(word)}`.trimEnd(),
      ...more,
      ...rest.map((text) => `${indent}${palette.dim(text)}`),
    ]
  })
  const left = rows.length - shown.length
  return left > 0 ? [...lines, `  and ${left} more; -o json has all`] : lines
}

function titled(title: string, text: string, { columns, palette }: Screen): string {
  const indent = " ".repeat(TITLE_COLUMNS)
  const [first = "", ...rest] = wrapped(text, columns - TITLE_COLUMNS)
  return [
    `${palette.bold(padded(title, TITLE_COLUMNS))}${first}`,
    ...rest.map((line) => `${indent}${line}`),
  ].join("\n")
}

function countedBy(words: readonly string[]): string {
  const counts = [...Map.groupBy(words, (word) => word)].map(([word, all]) => `${all.length} ${word}`)
  return words.length === 0 ? "none" : `${words.length}: ${counts.join(", ")}`
}

function nameOf({ kind, namespace, name }: PolicyLine): string {
  return namespace === "" ? `${kind.toLowerCase()}/${name}` : `${namespace}/${kind.toLowerCase()}/${name}`
}

function total({ denied }: PolicyLine): number {
  return denied.ingress + denied.egress
}
