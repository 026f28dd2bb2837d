// ConnectivityAssertions that hold now and would fail.

import { type FailedAssertion, failedAssertions } from "../src/analysis/assertions.ts"
import { type Diagnostic, objectText } from "../src/api/diagnostic.ts"
import type { ImpactReport } from "../src/api/impact-report.ts"
import { diagnostic } from "../src/api/report.ts"
import { parseAddress } from "../src/explain/address.ts"
import { namespacesNamed } from "../src/explain/reference.ts"
import type { World } from "../src/explain/world.ts"
import type { ClusterAssertion } from "../src/kubernetes/resources/connectivity-assertion.ts"
import type { Question } from "./analyst.ts"
import type { ClusterFollower } from "./cluster-view.ts"
import { inverseOf } from "./inverse-change.ts"
import { withChanges } from "./tried-world.ts"

export interface BrokenAssertions {
  readonly assertions: ImpactReport["assertions"]
  readonly refusals: readonly Diagnostic[]
  /** False where the deadline has passed before all were looked at. */
  readonly complete: boolean
}

type Known = Pick<ClusterFollower, "assertions" | "world" | "model">

export function brokenAssertions(
  { reference, changes, deadline }: Question,
  impact: ImpactReport,
  { assertions, world: live, model }: Known,
): BrokenAssertions {
  const all = ownFirst(assertions(), spaceOf(reference))
  if (all.length === 0 || changesNothing(impact)) return NONE
  const undo = changes.map((each) => inverseOf(each, { world: live.world, model })).toReversed()
  const failing = withChanges({ live, changes, undo }, (world) =>
    failedAssertions({ world, assertions: all, deadline }),
  )
  if (failing.length === 0) return { ...NONE, complete: !deadline.expired() }
  const suspects = all.filter(({ namespace, name }) =>
    failing.some(({ assertion }) => assertion.namespace === namespace && assertion.name === name),
  )
  const failed = new Set(failedAssertions({ world: live.world, assertions: suspects, deadline }).map(placeOf))
  // What has not been looked at as it is now may have failed before.
  if (deadline.expired()) return { ...NONE, complete: false }
  const broken = failing.filter((each) => !failed.has(placeOf(each)))
  const there = new Set(model.namespaces())
  const isThere = (namespace: string): boolean => there.has(namespace)
  return {
    assertions: broken.map((each) => toldOf(each, suspects, { isThere, world: live.world })),
    refusals: broken.filter((each) => isRefused(each, suspects, reference)).map(refusalOf),
    complete: true,
  }
}

const NONE: BrokenAssertions = { assertions: [], refusals: [], complete: true }

/** The one whose changes its assertions may refuse. */
function spaceOf({ kind, namespace, name }: Question["reference"]): string {
  return kind === "Namespace" ? name : namespace
}

/** They have the first of the time. */
function ownFirst(all: readonly ClusterAssertion[], namespace: string): readonly ClusterAssertion[] {
  const { own = [], others = [] } = Object.groupBy(all, (each) =>
    each.namespace === namespace ? "own" : "others",
  )
  return [...own, ...others]
}

function changesNothing({ complete, appearing, disappearing }: ImpactReport): boolean {
  return complete && appearing.pairs === 0 && disappearing.pairs === 0
}

function placeOf({ assertion, path }: FailedAssertion): string {
  return `${assertion.namespace}/${assertion.name} ${path}`
}

interface Places {
  readonly isThere: (namespace: string) => boolean
  readonly world: Pick<World, "ownerOf" | "serviceAt">
}

function toldOf(
  { assertion, path, text }: FailedAssertion,
  suspects: readonly ClusterAssertion[],
  { isThere, world }: Places,
): ImpactReport["assertions"][number] {
  const { namespace } = assertion
  const named = caseAt({ assertion, path }, suspects)
  const all = [named?.from ?? "", named?.to ?? ""].flatMap((each) => [
    ...namespacesNamed(each, namespace),
    ...namespacesAt(each, world),
  ])
  // In deploy/web a namespace may be meant, or not; one that there is not is no secret.
  const others = [...new Set(all)].filter((each) => each !== namespace && isThere(each))
  const told = { assertion, path, text }
  return others.length === 0 ? told : { ...told, namespaces: others }
}

/** Of what has the address: the text names the policies there. */
function namespacesAt(text: string, world: Places["world"]): readonly string[] {
  if (parseAddress(text) === null) return []
  return [world.ownerOf(text), world.serviceAt(text)].flatMap((each) => each?.namespace ?? [])
}

function caseAt(
  { assertion, path }: Pick<FailedAssertion, "assertion" | "path">,
  all: readonly ClusterAssertion[],
) {
  const object = all.find(
    ({ namespace, name }) => namespace === assertion.namespace && name === assertion.name,
  )
  const index = Number(/^spec\.cases\[(\d+)\]/.exec(path)?.[1] ?? 0)
  return object?.cases.find(({ path: [, , own = 0] }) => own === index)
}

function isRefused(
  { assertion, status }: FailedAssertion,
  suspects: readonly ClusterAssertion[],
  reference: Question["reference"],
): boolean {
  if (status !== "failed" || assertion.namespace !== spaceOf(reference)) return false
  return suspects.some(({ name, namespace, refuses }) => {
    return refuses && name === assertion.name && namespace === assertion.namespace
  })
}

/** No more than the requester may know: what the case says is for the warnings. */
function refusalOf({ assertion, path }: FailedAssertion): Diagnostic {
  return diagnostic("breaksAssertion", { assertion: objectText(assertion), path })
}
