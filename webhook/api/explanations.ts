// A question and its answer, for somebody who may not see everything.
//
// What is asked for by name must be in a namespace where the asker may list pods; what is asked for by address is
// answered without a name where it is not.

import type { Diagnostic } from "../../src/api/diagnostic.ts"
import type { AllowanceJson, ExplanationJson } from "../../src/api/explanation.ts"
import { diagnostic, shown } from "../../src/api/report.ts"
import { bad, type Checked, good, mistakesOf } from "../../src/explain/checked.ts"
import { type Directory, type Sight, visibleDirectory } from "../../src/explain/directory.ts"
import { wholeAllowanceJson, wholeExplanationJson } from "../../src/explain/explain-json.ts"
import { inquire, inquireAllowed } from "../../src/explain/inquiry.ts"
import { portRequestText } from "../../src/explain/port-request.ts"
import { namespacesNamed, type Reference, resolveReference } from "../../src/explain/reference.ts"
import type { World } from "../../src/explain/world.ts"
import { type AccessReviews, LIST_NODES, type UserInfo } from "../../src/kubernetes/access-review.ts"
import type { Turns } from "../turns.ts"
import type { ExplainQuery } from "./query.ts"
import { namespacesOfCase, policyNamespaces, redactAllowance, redactExplanation } from "./redaction.ts"
import { type Failure, mistaken } from "./status.ts"

export interface ExplainContext {
  readonly world: World
  readonly reviews: AccessReviews
  readonly turns: Turns
  /** Milliseconds of the event loop for one question. */
  readonly workMs?: number
}

export type ExplainAnswer =
  | { readonly kind: "Explanation"; readonly answer: ExplanationJson }
  | { readonly kind: "Allowance"; readonly answer: AllowanceJson }

export type Explained =
  | { readonly ok: true; readonly value: ExplainAnswer }
  | { readonly ok: false; readonly failure: Failure }

const MOST_PAIRS = 400
/** Other requests wait for as long. */
const MOST_MS = 300

export async function explain(
  query: ExplainQuery,
  user: UserInfo,
  context: ExplainContext,
): Promise<Explained> {
  const { reviews, turns, world, workMs = MOST_MS } = context
  const seesAll = await reviews.mayListPods(user, "")
  const sight = await sightOf(query, user, { reviews, seesAll })
  const hidden = hiddenEnds(query, sight)
  if (hidden.length > 0) return failed(mistaken(403, hidden))
  const ends = resolveEnds(query, visibleDirectory(world, sight))
  if (!ends.ok) return failed(mistaken(400, ends.diagnostics))
  const { from, to } = ends.value
  const judged = await turns.take(() => judge(query, ends.value, { world, workMs }))
  const namespaces = [
    ...[from, to].flatMap((end) => namespacesOfEnd(end, world)),
    ...(judged.ok ? judged.value.namespaces : []),
  ]
  const mayName = seesAll ? () => true : await reviews.namesFor(user, namespaces)
  const areNamed = (all: readonly string[]): boolean => all.every((each) => mayName(each))
  // What a port's name stands for is a property of pods, or of a Service.
  const isTold = query.port?.kind !== "name" || areNamed(namespacesOfEnd(to, world))
  if (judged.ok && isTold) return { ok: true, value: judged.value.tellTo(mayName) }
  // What is wrong would tell names and ports.
  const mistakes =
    judged.ok || !areNamed(namespaces)
      ? [diagnostic("hiddenMistake", { from: shown(query.from), to: shown(query.to) })]
      : judged.diagnostics
  return failed(mistaken(400, mistakes))
}

interface Asker {
  readonly reviews: AccessReviews
  readonly seesAll: boolean
}

async function sightOf(query: ExplainQuery, user: UserInfo, { reviews, seesAll }: Asker): Promise<Sight> {
  const named = [query.from, query.to].flatMap((text) => namespacesNamed(text, query.namespace))
  const asksForNode = [query.from, query.to].some(isNode)
  const nodes = asksForNode && (await reviews.may(user, LIST_NODES))
  return { nodes, namespace: seesAll ? () => true : await reviews.namesFor(user, named) }
}

function isNode(text: string): boolean {
  return text.startsWith("node/")
}

/** A name that may be in one of two namespaces is looked up in the one that is seen. */
function hiddenEnds({ from, to, namespace: scope }: ExplainQuery, sight: Sight): readonly Diagnostic[] {
  return [from, to].flatMap((text) => {
    if (isNode(text)) return sight.nodes ? [] : [diagnostic("hiddenNodes", { value: shown(text) })]
    const namespaces = namespacesNamed(text, scope)
    const [namespace = ""] = namespaces
    const isSeen = namespaces.length === 0 || namespaces.some((each) => sight.namespace(each))
    return isSeen ? [] : [diagnostic("hiddenNamespace", { value: shown(text), namespace: shown(namespace) })]
  })
}

interface Ends {
  readonly from: Reference
  readonly to: Reference
}

function resolveEnds({ from, to, namespace }: ExplainQuery, world: Directory): Checked<Ends> {
  const ends = [from, to].map((text) => resolveReference(text, { world, namespace }))
  const [source, destination] = ends
  if (source?.ok && destination?.ok) return good({ from: source.value, to: destination.value })
  return bad(...mistakesOf(ends))
}

/** Of what has the name, or the address. */
function namespacesOfEnd(end: Reference, world: World): readonly string[] {
  if (end.kind === "service") return [end.service.namespace]
  return end.ends.flatMap((each) => {
    switch (each.kind) {
      case "pod":
        return [each.pod.namespace]
      case "node":
        return []
      case "address":
        return world.ownerOf(each.address)?.namespace ?? []
    }
  })
}

interface Judged {
  readonly namespaces: readonly string[]
  readonly tellTo: (mayName: (namespace: string) => boolean) => ExplainAnswer
}

function judge(
  { from, to, port }: ExplainQuery,
  ends: Ends,
  { world, workMs }: Required<Pick<ExplainContext, "world" | "workMs">>,
): Checked<Judged> {
  const until = performance.now() + workMs
  const limits = { pairs: MOST_PAIRS, expired: () => performance.now() > until }
  if (port === null) {
    const cases = inquireAllowed(ends, world, limits)
    if (!cases.ok) return cases
    const answer = wholeAllowanceJson({ from, to, port: "" }, cases.value)
    const known = cases.value.map(({ connection }) => connection)
    return good({
      namespaces: known.flatMap(namespacesOfCase),
      tellTo: (mayName) => ({ kind: "Allowance", answer: redactAllowance(answer, known, mayName) }),
    })
  }
  const answered = inquire({ ...ends, port }, world, limits)
  if (!answered.ok) return answered
  const asked = { from, to, port: portRequestText(port) }
  const answer = wholeExplanationJson(asked, answered.value, () => null)
  return good({
    namespaces: [...answered.value.cases.flatMap(namespacesOfCase), ...policyNamespaces(answer)],
    tellTo: (mayName) => ({
      kind: "Explanation",
      answer: redactExplanation(answer, answered.value.cases, mayName),
    }),
  })
}

function failed(failure: Failure): Explained {
  return { ok: false, failure }
}
