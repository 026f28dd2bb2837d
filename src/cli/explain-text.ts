// An answer as people read it in a terminal: the verdict, each direction with what decided it, and why.

import type { DirectionJson, ExplanationJson } from "../api/explanation.ts"
import { parseAddress } from "../explain/address.ts"
import {
  type Asked,
  areAlike,
  type Locate,
  reasonsKey,
  wholeExplanationJson,
} from "../explain/explain-json.ts"
import type { Answer } from "../explain/inquiry.ts"
import type { Direction, StepOutcome } from "../explain/judge.ts"
import { type PolicyName, sameName } from "../explain/policy-name.ts"
import type { Palette } from "./palette.ts"
import { padded } from "./text-layout.ts"

type StepJson = DirectionJson["trace"][number]

export interface Style {
  readonly palette: Palette
  readonly locate: Locate
  /** What to do about what was assumed. */
  readonly advice?: string
}

/** Cases that differ are told one by one, but a terminal is no place for hundreds of them. */
const MOST_CASES = 8

const words = { Allow: "ALLOWED", Deny: "DENIED", Mixed: "MIXED" } as const
const inks = { Allow: "good", Deny: "bad", Mixed: "warn" } as const satisfies Record<string, keyof Palette>
const marks = { Allow: "✓", Deny: "✗", Mixed: "±" } as const

export function explanationText(asked: Asked, answer: Answer, style: Style): string {
  return explanationJsonText(wholeExplanationJson(asked, answer, style.locate), style)
}

/** Of an explanation with all its cases. */
export function explanationJsonText(answer: ExplanationJson, style: Style): string {
  const { palette } = style
  const ends = `${answer.from} → ${answer.to}  ${answer.port}`
  const headline = `${verdictText(answer.verdict, palette)}  ${palette.bold(ends)}`
  const [first] = answer.cases
  const body =
    first !== undefined && areAlike(answer.cases)
      ? [
          ...translationText(answer.cases, style),
          ...directionsText({ ...answer, from: first.from, to: first.to }, style),
        ]
      : casesText(answer.cases, style)
  const notes = answer.notes.map((note) => `  ${palette.warn("note")} ${note}`)
  const advice =
    style.advice === undefined || notes.length === 0 ? [] : [`       ${palette.dim(style.advice)}`]
  return [headline, "", ...body, ...(notes.length > 0 ? ["", ...notes, ...advice] : []), ""].join("\n")
}

type CaseJson = ExplanationJson["cases"][number]

/** What a Service was translated to. */
function translationText(cases: readonly CaseJson[], { palette }: Style): readonly string[] {
  const ends = cases.flatMap((each) => (each.service === null ? [] : [`${each.to} ${each.port}`]))
  return ends.length === 0
    ? []
    : [`  ${palette.dim(`through the Service to ${[...new Set(ends)].join(", ")}`)}`, ""]
}

type DirectionEnds = Pick<CaseJson, "egress" | "ingress" | "from" | "to">

function casesText(cases: readonly CaseJson[], style: Style): readonly string[] {
  const { palette } = style
  const groups = [...Map.groupBy(cases, sameAnswerKey).values()]
  const families = new Set(cases.map(({ family }) => family)).size
  const shown = groups.slice(0, MOST_CASES).flatMap((group, index) => {
    const [first] = group
    if (first === undefined) return []
    const service = first.service?.slice(first.service.indexOf("/") + 1)
    const through = service === undefined ? "" : palette.dim(`  through Service ${service}`)
    const ofFamilies = new Set(group.map(({ family }) => family))
    const only = ofFamilies.size < families ? `  ${[...ofFamilies].join(", ")}` : ""
    const ends = `${first.from} → ${first.to}  ${first.port}${only}`
    const head = `${verdictText(first.verdict, palette)}  ${ends}${through}`
    return [...(index === 0 ? [] : [""]), head, ...directionsText(first, style)]
  })
  const hidden = groups.length - MOST_CASES
  return hidden <= 0
    ? shown
    : [...shown, "", palette.dim(`and ${hidden} cases more: -o json has all of them`)]
}

/** Families and addresses of the same ends are told apart only where their answers differ. */
function sameAnswerKey(each: CaseJson): string {
  return JSON.stringify([each.from, each.to, each.port, reasonsKey(each)])
}

function directionsText(ends: DirectionEnds, style: Style): readonly string[] {
  return [...directionText("egress", ends, style), ...directionText("ingress", ends, style)]
}

function directionText(direction: Direction, ends: DirectionEnds, style: Style): readonly string[] {
  const { palette } = style
  const explained = ends[direction]
  const subject = direction === "egress" ? ends.from : ends.to
  const name = palette.bold(padded(direction === "egress" ? "egress of" : "ingress of", 10))
  if (explained === null) {
    const why = parseAddress(subject) === null ? "a node" : "outside the cluster"
    return [`  ${palette.dim("·")} ${name} ${subject}  ${palette.dim(`${why}: no policy is asked`)}`]
  }
  const mark = palette[inks[explained.verdict]](marks[explained.verdict])
  return [`  ${mark} ${name} ${subject}  ${reasonText(explained, style)}`, ...traceText(explained, style)]
}

function reasonText(explained: DirectionJson, style: Style): string {
  const { verdict, observed, decidedBy, isolatedBy, trace } = explained
  if (observed) return style.palette.warn(trace.at(-1)?.text ?? "")
  if (decidedBy !== null) {
    const place = placeText(style.locate(decidedBy, decidedBy.path))
    const rule = `${policyText(decidedBy)} ${decidedBy.path}`
    return `${verdict === "Allow" ? "accepted" : "denied"} by ${rule}${place && style.palette.dim(`  ${place}`)}`
  }
  if (isolatedBy.length > 0 && verdict === "Deny") {
    return `isolated by ${isolatedBy.map(({ name }) => name).join(", ")}, and nothing accepts this`
  }
  return trace.at(-1)?.text ?? ""
}

/** A policy and its steps; the steps' lines are in its file. */
function traceText(explained: DirectionJson, { palette, locate }: Style): readonly string[] {
  const told = explained.trace.filter((step) => isWorthTelling(step, explained))
  return told.flatMap((step, i) => {
    const { policy } = step
    if (policy === null) return []
    const previous = told[i - 1]?.policy ?? null
    const isNew = previous === null || !sameName(previous, policy)
    const heading = `      ${policyText(policy)}  ${palette.dim(placeText(locate(policy, "spec")))}`
    return [...(isNew ? [heading.trimEnd()] : []), stepText(step, policy, { palette, locate })]
  })
}

/**
 * Of an accepted direction what accepted it, of a denied one what was tried; near misses of both.
 * Assumptions are told once, in the notes.
 */
function isWorthTelling({ policy, path, outcome }: StepJson, { verdict, observed }: DirectionJson): boolean {
  if (policy === null || outcome === "assumed") return false
  if (outcome === "near-miss") return true
  if (verdict !== "Deny" && !observed) return outcome === "accepts"
  return outcome !== "no-match" || path !== "spec.policyTypes"
}

const stepInks = {
  selects: "dim",
  accepts: "good",
  denies: "bad",
  passes: "warn",
  logs: "dim",
  "no-match": "dim",
  "near-miss": "warn",
  assumed: "warn",
} as const satisfies Record<StepOutcome, keyof Palette>

const stepMarks = {
  selects: "◆",
  accepts: "✓",
  denies: "✗",
  passes: "↷",
  logs: "✎",
  "no-match": "·",
  "near-miss": "≈",
  assumed: "?",
} as const satisfies Record<StepOutcome, string>

function stepText({ path, outcome, text }: StepJson, policy: PolicyName, { palette, locate }: Style): string {
  const position = locate(policy, path)
  const where = position === null ? path : `${path}, line ${position.line}`
  const told = outcome === "near-miss" ? palette.warn(text) : text
  return `        ${palette[stepInks[outcome]](stepMarks[outcome])} ${told}  ${palette.dim(`(${where})`)}`
}

function policyText({ kind, namespace, name }: PolicyName): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`
}

function placeText(position: ReturnType<Locate>): string {
  return position === null ? "" : `${position.file}:${position.line}`
}

function verdictText(verdict: ExplanationJson["verdict"], palette: Palette): string {
  return palette[inks[verdict]](palette.bold(`${marks[verdict]} ${words[verdict]}`))
}
