// An answer as people read it in a terminal: the verdict, each direction with what decided it, and why.

import type { Allowed } from "../explain/allowed.ts"
import type { AllowedCase, Answer, AnswerCase } from "../explain/inquiry.ts"
import type { Direction, Endpoint, StepOutcome } from "../explain/judge.ts"
import { type PolicyName, sameName } from "../explain/policy-name.ts"
import type { TraceStep } from "../explain/trace.ts"
import type { DirectionExplanation, Explanation } from "../explain/verdict.ts"
import { endpointText } from "../explain/words.ts"
import {
  type Asked,
  areAlike,
  casePortText,
  intervalText,
  knownAddress,
  type Locate,
} from "./explain-json.ts"
import type { Palette } from "./palette.ts"
import { padded } from "./text-layout.ts"

export interface Style {
  readonly palette: Palette
  readonly locate: Locate
}

/** Cases that differ are told one by one, but a terminal is no place for hundreds of them. */
const MOST_CASES = 8

const words = { Allow: "ALLOWED", Deny: "DENIED", Mixed: "MIXED" } as const
const inks = { Allow: "good", Deny: "bad", Mixed: "warn" } as const satisfies Record<string, keyof Palette>
const marks = { Allow: "✓", Deny: "✗", Mixed: "±" } as const

export function explanationText(asked: Asked, answer: Answer, style: Style): string {
  const { palette } = style
  const ends = `${asked.from} → ${asked.to}  ${asked.port}`
  const headline = `${verdictText(answer.verdict, palette)}  ${palette.bold(ends)}`
  const [first] = answer.cases
  const body =
    first !== undefined && areAlike(answer.cases)
      ? directionsText({ ...answer, from: first.from, to: first.to }, style)
      : casesText(answer.cases, style)
  const notes = answer.notes.map((note) => `  ${palette.warn("note")} ${note}`)
  return [headline, "", ...body, ...(notes.length > 0 ? ["", ...notes] : []), ""].join("\n")
}

export function allowanceText(asked: Asked, cases: readonly AllowedCase[], palette: Palette): string {
  const headline = `${palette.bold(`${asked.from} → ${asked.to}`)}  everything that may flow`
  const lines = groupedAllowances(cases).flatMap(({ names, allowed }) => [
    ...(cases.length > 1 ? names.map((name) => `  ${name}`) : []),
    ...allowedLines(allowed, palette),
    "",
  ])
  return [headline, "", ...lines].join("\n")
}

interface DirectionEnds extends Pick<Explanation, "egress" | "ingress"> {
  readonly from: Endpoint
  readonly to: Endpoint
}

function casesText(cases: readonly AnswerCase[], style: Style): readonly string[] {
  const { palette } = style
  const shown = cases.slice(0, MOST_CASES).flatMap((each) => {
    const through = each.service === null ? "" : palette.dim(`  through Service ${each.service.name}`)
    const ends = `${endText(each.from)} → ${endText(each.to)}  ${casePortText(each)}`
    return [`${verdictText(each.verdict, palette)}  ${ends}${through}`, ...directionsText(each, style), ""]
  })
  const hidden = cases.length - MOST_CASES
  return hidden <= 0 ? shown : [...shown, palette.dim(`and ${hidden} cases more: -o json has all of them`)]
}

function directionsText(ends: DirectionEnds, style: Style): readonly string[] {
  return [...directionText("egress", ends, style), ...directionText("ingress", ends, style)]
}

function directionText(direction: Direction, ends: DirectionEnds, style: Style): readonly string[] {
  const { palette } = style
  const explained = ends[direction]
  const subject = endpointText(direction === "egress" ? ends.from : ends.to)
  const name = palette.bold(padded(direction === "egress" ? "egress of" : "ingress of", 10))
  if (explained === null)
    return [
      `  ${palette.dim("·")} ${name} ${subject}  ${palette.dim("no pod of its own address: no policy is asked")}`,
    ]
  const mark = palette[inks[explained.verdict]](marks[explained.verdict])
  return [`  ${mark} ${name} ${subject}  ${reasonText(explained, style)}`, ...traceText(explained, style)]
}

function reasonText({ verdict, decidedBy, isolatedBy, trace }: DirectionExplanation, style: Style): string {
  if (decidedBy !== null) {
    const verb = verdict === "Allow" ? "accepted by" : "denied by"
    return `${verb} ${ruleText(decidedBy, decidedBy.path, style)}`
  }
  if (isolatedBy.length > 0 && verdict === "Deny") {
    const names = isolatedBy.map((policy) => ruleText(policy, "spec", style)).join(", ")
    return `isolated by ${names}; nothing accepts this`
  }
  return trace.at(-1)?.text ?? ""
}

/** Of an accepted direction only what decided, and near misses; of a denied one everything. */
function traceText(
  { verdict, decidedBy, trace }: DirectionExplanation,
  { palette, locate }: Style,
): readonly string[] {
  const told = trace.filter(
    (step) =>
      step.policy !== null &&
      (verdict === "Deny" || step.outcome === "near-miss" || (decidedBy && sameName(step.policy, decidedBy))),
  )
  return told.flatMap((step, i) => {
    const previous = told[i - 1]?.policy ?? null
    const isNew = step.policy !== null && (previous === null || !sameName(previous, step.policy))
    const heading = step.policy !== null && isNew ? [`      ${palette.dim(policyText(step.policy))}`] : []
    return [...heading, stepText(step, { palette, locate })]
  })
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

function stepText({ policy, path, outcome, text }: TraceStep, { palette, locate }: Style): string {
  const place = policy === null ? "" : placeText(locate(policy, path))
  const mark = palette[stepInks[outcome]](stepMarks[outcome])
  const where = palette.dim([path, place].filter((each) => each !== "").join(" "))
  return `        ${mark} ${outcome === "near-miss" ? palette.warn(text) : text}  ${where}`
}

function ruleText(policy: PolicyName, path: string, { palette, locate }: Style): string {
  const place = placeText(locate(policy, path))
  const rule = path === "spec" ? "" : ` ${path}`
  return `${policyText(policy)}${rule}${place === "" ? "" : palette.dim(` (${place})`)}`
}

function policyText({ kind, namespace, name }: PolicyName): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`
}

function placeText(position: ReturnType<Locate>): string {
  return position === null ? "" : `${position.file}:${position.line}`
}

function verdictText(verdict: Explanation["verdict"], palette: Palette): string {
  return palette[inks[verdict]](palette.bold(`${marks[verdict]} ${words[verdict]}`))
}

function endText(end: Endpoint): string {
  const address = knownAddress(end)
  if (end.kind === "outside" || address === null)
    return `${endpointText(end)}${address === null ? ` (${end.address.family})` : ""}`
  return `${endpointText(end)} (${address})`
}

function groupedAllowances(cases: readonly AllowedCase[]) {
  const groups = new Map<string, { readonly names: string[]; readonly allowed: Allowed }>()
  for (const { connection, allowed } of cases) {
    const key = JSON.stringify(allowed)
    const group = groups.get(key) ?? { names: [], allowed }
    group.names.push(`${endText(connection.from)} → ${endText(connection.to)}`)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function allowedLines(allowed: Allowed, palette: Palette): readonly string[] {
  const line = (name: string, ports: string) => {
    const none = ports === ""
    return `    ${none ? palette.bad("✗") : palette.good("✓")} ${padded(name, 6)} ${none ? palette.dim("nothing") : ports}`
  }
  const protocols = (["TCP", "UDP", "SCTP"] as const).map((protocol) => {
    const [first] = allowed[protocol]
    const all = first !== undefined && first.from === 0 && first.to === 65535
    return line(protocol, all ? "every port" : allowed[protocol].map(intervalText).join(", "))
  })
  return [...protocols, line("other", allowed.other ? "ICMP and every other protocol" : "")]
}
