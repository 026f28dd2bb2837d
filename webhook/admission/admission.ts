// The answer to a review: refused where it is invalid or would lock the cluster, else allowed, with what it does.
//
// Validation needs nothing but the object, and is always done. The analysis has its time: from the arrival of the
// request, so that a queue does not add up, and no more of the event loop at once than others can wait for.

import { hideNamespaces } from "../../src/analysis/impact/hide-namespaces.ts"
import type { Diagnostic } from "../../src/api/diagnostic.ts"
import type { ImpactReport } from "../../src/api/impact-report.ts"
import { diagnostic } from "../../src/api/report.ts"
import type { AccessReviews } from "../../src/kubernetes/access-review.ts"
import type { Arrival } from "../admission-server.ts"
import { hasMoreValues, sizeProblem } from "../analysis-size.ts"
import type { Analysis, Analyst } from "../analyst.ts"
import { createLargeChecks, type LargeChecks } from "../large-check/large-checks.ts"
import { SEES_NOTHING, sightOf } from "../report-sight.ts"
import type { Answer, Refusal, Review } from "../review.ts"
import type { Turns } from "../turns.ts"
import { beyondRights, isAssertionWritten, readAssertion } from "./assertion-review.ts"
import { type Checked, checkPolicy, findingOf } from "./checked.ts"
import { type Finding, mistakesText, refusalText } from "./finding-text.ts"
import { type Subject, subjectOf } from "./subject.ts"
import { warningsOf, warningsWithout } from "./warnings.ts"

export interface AdmissionOptions {
  readonly analyst: Analyst
  readonly access: Pick<AccessReviews, "namesFor" | "may">
  readonly turns: Turns
  /** Keeps a report for whoever asks for it by its key. */
  readonly keep: (report: ImpactReport) => void
  readonly budgetMs: number
  /** Milliseconds of the event loop for one request. */
  readonly workMs?: number
  readonly onAnswer?: (answered: Answered) => void
  /** For policies that others would wait for; a thread without it. */
  readonly large?: LargeChecks
  readonly now?: () => number
}

/** For metrics. */
export interface Answered {
  readonly outcome: "allowed" | "refused" | "skipped" | "incomplete"
  readonly milliseconds: number
}

export type Admit = (review: Review, arrival: Arrival) => Promise<Answer>

const WORK_MS = 300

export function createAdmission(options: AdmissionOptions): Admit {
  const { now = () => performance.now(), onAnswer = () => undefined } = options
  const large = options.large ?? createLargeChecks()
  return async (review, arrival) => {
    const { outcome, ...answer } = await answerTo(review, arrival, { ...options, now, large })
    onAnswer({ outcome, milliseconds: now() - arrival.at })
    return answer
  }
}

interface Context extends AdmissionOptions {
  readonly now: () => number
  readonly large: LargeChecks
}

type Outcome = Answer & Pick<Answered, "outcome">

async function answerTo(review: Review, arrival: Arrival, context: Context): Promise<Outcome> {
  if (isAssertionWritten(review)) return await answerAssertion(review, arrival, context)
  const { analyst } = context
  const { at, isTrusted } = arrival
  const subject = subjectOf(review, (workload) => analyst.podsOf(workload))
  if (subject === undefined || (subject.policy === undefined && isMachine(review))) return allowed([])
  const isLarge = hasMoreValues(subject.policy?.after?.spec, MOST_CHECKED)
  // Of others than the API server a flood of these would keep its own waiting.
  if (isLarge && !isTrusted) return skipped(UNKNOWN, [])
  const { mistakes, findings } = await checkSubject(subject, isLarge, context)
  if (mistakes !== "") return refused({ reason: "Invalid", message: mistakes }, [])
  if (subject.changes.length === 0) return allowed([])
  const problem = isTrusted ? analyst.problem() || sizeProblem(subject.changes) : UNKNOWN
  if (problem !== "") return skipped(problem, findings)
  const ends = at + context.budgetMs
  const analysis = await context.turns.take(() => analyse(subject, ends, context))
  if (analysis === undefined) return skipped(LATE, findings)
  context.keep(analysis.report)
  // Controllers make pods, too, and try again for ever: of those it is only told.
  const refusals = subject.policy === undefined ? [] : analysis.refusals
  const toTell = refusals.length > 0 ? findings : [...analysis.refusals.map(findingOf), ...findings]
  const { report, warnings } = await told(analysis.report, toTell, { review, ends, context })
  if (refusals.length > 0) return refused({ reason: "Forbidden", message: refusalText(refusals) }, warnings)
  return { allowed: true, warnings, outcome: report.complete ? "allowed" : "incomplete" }
}

/** Not let in unseen: where nobody knows what its author may see, it is refused. */
async function answerAssertion(
  review: Review,
  { at, isTrusted }: Arrival,
  context: Context,
): Promise<Outcome> {
  const { cases, mistakes } = await context.turns.take(() => readAssertion(review))
  if (mistakes.length > 0) return refused({ reason: "Invalid", message: mistakesText(mistakes) }, [])
  const { access, analyst } = context
  const asked = (): Promise<readonly Diagnostic[]> =>
    beyondRights(cases, review, { access, isNamespace: (name) => analyst.isNamespace(name) })
  const beyond = isTrusted ? await inTime(asked(), at + context.budgetMs, context) : undefined
  const why = isTrusted ? LATE : UNKNOWN
  const refusals = beyond ?? [diagnostic("assertionUnchecked", { why })]
  return refusals.length === 0
    ? allowed([])
    : refused({ reason: "Forbidden", message: refusalText(refusals) }, [])
}

interface Asked {
  readonly review: Review
  readonly ends: number
  readonly context: Context
}

/** What the requester may know of it. */
async function told(
  whole: ImpactReport,
  findings: readonly Finding[],
  { review, ends, context }: Asked,
): Promise<{ readonly report: ImpactReport; readonly warnings: readonly string[] }> {
  const sees = await inTime(sightOf(whole, review.user, context.access), ends, context)
  const report = hideNamespaces(whole, sees ?? SEES_NOTHING)
  const found = report.findings.filter(({ severity }) => severity !== "note")
  return { report, warnings: warningsOf(report, [...findings, ...found]) }
}

const MACHINES = ["system:serviceaccount:kube-system:", "system:kube-", "system:node:"] as const

/** Controllers make pods without end, and nobody reads what they are told. */
function isMachine({ user: { username } }: Review): boolean {
  return MACHINES.some((each) => username.startsWith(each))
}

const UNKNOWN = "who asks is not known as the API server, by the path in the webhook's configuration"
const LATE = "the webhook has more to do than it has time for"

/** What an object that is there already had wrong is not what its metadata is refused for. */
async function checkSubject(
  { policy, changes }: Subject,
  isLarge: boolean,
  { large, turns }: Context,
): Promise<Checked> {
  const { after } = policy ?? {}
  if (after === undefined || changes.length === 0) return { mistakes: "", findings: [] }
  return await (isLarge ? large.check(after) : turns.take(() => checkPolicy(after)))
}

/** Values of a spec. So many are checked in some hundredths of a second, whatever is wrong with them. */
const MOST_CHECKED = 5_000

/** Undefined where its time was over before it began. */
function analyse(
  subject: Subject,
  ends: number,
  { analyst, now, workMs = WORK_MS }: Context,
): Analysis | undefined {
  const begins = now()
  if (begins >= ends) return undefined
  const until = Math.min(ends, begins + workMs)
  const { policy: _policy, ...question } = subject
  return analyst.analyse({ ...question, deadline: { expired: () => now() >= until } })
}

/** Undefined where it takes longer, or fails. */
async function inTime<T>(asked: Promise<T>, ends: number, { now }: Context): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), Math.max(0, ends - now()))
  try {
    return await Promise.race([asked, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function allowed(warnings: readonly string[]): Outcome {
  return { allowed: true, warnings, outcome: "allowed" }
}

function refused(refusal: Refusal, warnings: readonly string[]): Outcome {
  return { allowed: false, refusal, warnings, outcome: "refused" }
}

function skipped(reason: string, findings: readonly Finding[]): Outcome {
  return { allowed: true, warnings: warningsWithout(reason, findings), outcome: "skipped" }
}
