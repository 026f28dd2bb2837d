// An answer without what is in namespaces that the asker may not see.
//
// The verdict stays: whoever can send a packet learns it anyway. Names, addresses that were not asked for, labels and
// policies of such a namespace go, and with them the words of rules about its pods.

import type { AllowanceJson, DirectionJson, ExplanationJson } from "../../src/api/explanation.ts"
import type { Endpoint } from "../../src/explain/judge.ts"

type MayName = (namespace: string) => boolean
type CaseJson = ExplanationJson["cases"][number]

/** What a case is about, beside the case in JSON, in the same order. */
export interface KnownCase {
  readonly from: Endpoint
  readonly to: Endpoint
}

export function namespacesOfCase({ from, to }: KnownCase): readonly string[] {
  return [from, to].flatMap((end) => namespaceOf(end) ?? [])
}

/** Namespaces of the policies that an explanation quotes. */
export function policyNamespaces({ egress, ingress, cases }: ExplanationJson): readonly string[] {
  const directions = [egress, ingress, ...cases.flatMap((each) => [each.egress, each.ingress])]
  const named = directions.flatMap(
    (each) => each?.trace.flatMap(({ policy }) => policy?.namespace ?? []) ?? [],
  )
  return [...new Set(named)].filter((each) => each !== "")
}

export function redactExplanation(
  explanation: ExplanationJson,
  known: readonly KnownCase[],
  mayName: MayName,
): ExplanationJson {
  const hidden = known.map((each) => hiddenEnds(each, mayName))
  const all = { from: hidden.some(({ from }) => from), to: hidden.some(({ to }) => to) }
  const cases = explanation.cases.map((each, i) => redactCase(each, hidden[i] ?? all, explanation, mayName))
  return {
    ...explanation,
    egress: redactDirection(explanation.egress, { subject: all.from, peer: all.to }, mayName),
    ingress: redactDirection(explanation.ingress, { subject: all.to, peer: all.from }, mayName),
    cases: withoutRepeats(cases),
    // They are of addresses that nobody knows, and name them.
    notes: all.from || all.to ? [] : explanation.notes,
  }
}

export function redactAllowance(
  allowance: AllowanceJson,
  known: readonly KnownCase[],
  mayName: MayName,
): AllowanceJson {
  const cases = allowance.cases.map((each, i) => {
    const ends = known[i]
    return ends === undefined ? each : { ...each, ...redactEnds(each, hiddenEnds(ends, mayName), allowance) }
  })
  return { ...allowance, cases: withoutRepeats(cases) }
}

interface Hidden {
  readonly from: boolean
  readonly to: boolean
}

interface Asked {
  readonly from: string
  readonly to: string
}

function hiddenEnds({ from, to }: KnownCase, mayName: MayName): Hidden {
  return { from: isHidden(from, mayName), to: isHidden(to, mayName) }
}

function isHidden(end: Endpoint, mayName: MayName): boolean {
  const namespace = namespaceOf(end)
  return namespace !== null && !mayName(namespace)
}

function namespaceOf(end: Endpoint): string | null {
  return end.kind === "outside" ? null : (end.pod?.namespace ?? null)
}

function redactCase(each: CaseJson, hidden: Hidden, asked: ExplanationJson, mayName: MayName): CaseJson {
  return {
    ...each,
    ...redactEnds(each, hidden, asked),
    service: hidden.to ? null : each.service,
    port: hidden.to && each.service !== null ? asked.port : each.port,
    egress: redactDirection(each.egress, { subject: hidden.from, peer: hidden.to }, mayName),
    ingress: redactDirection(each.ingress, { subject: hidden.to, peer: hidden.from }, mayName),
  }
}

/** The words of the question stand for what may not be named: an address, or the ClusterIP of a Service. */
function redactEnds(
  { from, fromAddress, to, toAddress }: Pick<CaseJson, "from" | "fromAddress" | "to" | "toAddress">,
  hidden: Hidden,
  asked: Asked,
) {
  return {
    from: hidden.from ? `${asked.from} (${ELSEWHERE})` : from,
    fromAddress: hidden.from && fromAddress !== asked.from ? null : fromAddress,
    to: hidden.to ? `${asked.to} (${ELSEWHERE})` : to,
    toAddress: hidden.to && toAddress !== asked.to ? null : toAddress,
  }
}

const ELSEWHERE = "in a namespace in which you may not list pods"

interface HiddenRoles {
  readonly subject: boolean
  readonly peer: boolean
}

function redactDirection(
  direction: DirectionJson | null,
  { subject, peer }: HiddenRoles,
  mayName: MayName,
): DirectionJson | null {
  if (direction === null) return null
  if (subject) return decidedElsewhere(direction)
  const isTold = (policy: { readonly namespace: string } | null): boolean =>
    policy === null || policy.namespace === "" || mayName(policy.namespace)
  return {
    ...direction,
    isolatedBy: direction.isolatedBy.filter(isTold),
    decidedBy: isTold(direction.decidedBy) ? direction.decidedBy : null,
    trace: withoutRepeats(
      direction.trace
        .filter(({ policy }) => isTold(policy))
        .flatMap((step) => (peer ? withoutPeer(step) : [step])),
    ),
  }
}

function decidedElsewhere({ verdict, observed }: DirectionJson): DirectionJson {
  const outcome = verdict === "Deny" ? "denies" : "accepts"
  const text = "decided by policies that you may not see"
  const step = { policy: null, path: "", outcome, text, file: null, line: null } as const
  return { verdict, observed, isolatedBy: [], decidedBy: null, trace: [step] }
}

type StepJson = DirectionJson["trace"][number]

/** How nearly a rule holds, and by which of its parts, would tell of the labels and ports of what is hidden. */
function withoutPeer(step: StepJson): readonly StepJson[] {
  const [path] = /^spec\.(?:ingress|egress)\[\d+\]/.exec(step.path) ?? []
  if (step.outcome === "assumed") return []
  if (step.policy === null || path === undefined) return [step]
  return isMiss(step)
    ? [{ ...step, path, outcome: "no-match", text: "does not hold the other end, or not the port" }]
    : [{ ...step, path, text: "holds the other end and the port" }]
}

function isMiss({ outcome }: StepJson): boolean {
  return outcome === "no-match" || outcome === "near-miss"
}

/** Many pods behind an address are one where they may not be told apart. */
function withoutRepeats<T>(cases: readonly T[]): T[] {
  return [...new Map(cases.map((each) => [JSON.stringify(each), each] as const)).values()]
}
