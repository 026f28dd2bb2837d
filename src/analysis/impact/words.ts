// Why a connection appears or disappears, for people.

import type { Direction } from "../../compile/policy-ir.ts"
import type { ClusterView, Peer } from "../cluster-view.ts"
import type { ChangedFlow } from "./connections.ts"
import { type Decision, decide, sampleOf } from "./deciding.ts"
import type { Moments } from "./moments.ts"
import type { TellingPair } from "./most-telling.ts"

export type Way = "appearing" | "disappearing"

/** "ingress of shop/db: isolated by NetworkPolicy shop/default-deny, and no rule accepts this" */
export function deciderText(pair: TellingPair<ChangedFlow>, way: Way, moments: Moments): string {
  const { change, source, destination } = pair
  const end = { source: change.source, destination: change.destination }
  for (const which of ["source", "destination"] as const) {
    if (end[which].after.length === 0) return `${pair[which].text} is there no longer`
    if (end[which].before.length === 0) return `${pair[which].text} is new`
  }
  const decided = {
    before: decisionsAt("before", pair, moments.before),
    after: decisionsAt("after", pair, moments.after),
  }
  const names = { egress: source.text, ingress: destination.text }
  const told = (["ingress", "egress"] as const).flatMap((direction) => {
    const [was, is] = [decided.before[direction], decided.after[direction]]
    const isWhy =
      way === "disappearing" ? is?.accepts === false : was?.accepts === false && is?.accepts === true
    return isWhy && is !== null ? [`${direction} of ${names[direction]}: ${is.text}`] : []
  })
  return told.length > 0 ? told.join("; ") : otherwise(pair, moments)
}

type Decisions = Readonly<Record<Direction, Decision | null>>

function decisionsAt(
  moment: keyof Moments,
  { change }: TellingPair<ChangedFlow>,
  view: ClusterView,
): Decisions {
  const port = sampleOf(change.changed)
  const first = (direction: Direction): Decision | null => {
    const [own, other] =
      direction === "egress" ? [change.source, change.destination] : [change.destination, change.source]
    const asked = pairOf(own[moment], other[moment])
    if (asked === undefined || asked[0].kind === "range") return null
    return decide(view, { direction, subject: asked[0], peer: asked[1], port })
  }
  return { egress: first("egress"), ingress: first("ingress") }
}

function pairOf(own: readonly Peer[], other: readonly Peer[]): readonly [Peer, Peer] | undefined {
  const [subject] = own
  const [peer] = other
  return subject === undefined || peer === undefined ? undefined : [subject, peer]
}

/** Where policies say the same as before, or say it of other pods of the workloads. */
function otherwise({ source, destination }: TellingPair<ChangedFlow>, { before, after }: Moments): string {
  const switched = [source, destination].find(
    ({ namespace }) => namespace !== "" && before.isObserved(namespace) !== after.isObserved(namespace),
  )
  if (switched === undefined) return "the pods of the workloads differ from before"
  return after.isObserved(switched.namespace)
    ? `namespace ${switched.namespace} is observed then: what is denied is only counted`
    : `namespace ${switched.namespace} is enforced then`
}
