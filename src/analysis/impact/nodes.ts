// Nodes whose ruleset a change concerns: those of pods that a changed policy selects, and those of pods whose
// policies name, as peers, pods that come, go or change.

import type { PodExpression } from "../../compile/policy-ir.ts"
import type { Pod } from "../../compile/snapshot.ts"
import type { ClusterView, Identity, PolicyRecord } from "../cluster-view.ts"
import type { Deadline } from "../deadline.ts"
import type { Moments } from "./moments.ts"
import type { ImpactScope } from "./scope.ts"

export interface ConcernedNodes {
  /** Sorted. */
  readonly nodes: readonly string[]
  readonly complete: boolean
}

export function concernedNodes(moments: Moments, scope: ImpactScope, deadline: Deadline): ConcernedNodes {
  const { before, after } = moments
  const nodes = new Set<string>()
  const addPodsOf = (view: ClusterView, identities: Iterable<Identity>): void => {
    for (const identity of identities) for (const { node } of view.podsOf(identity)) nodes.add(node)
  }
  addPodsOf(before, scope.subjects.before)
  addPodsOf(after, scope.subjects.after)
  const passages = passagesOf(moments, scope)
  for (const name of passages.length === 0 ? [] : scope.pods) {
    for (const view of [before, after]) nodes.add(view.pod(name.namespace, name.name)?.node ?? "")
  }
  for (const namespace of scope.switched) addPodsOf(after, after.identities(namespace))
  let complete = true
  for (const policy of passages.length === 0 ? [] : after.policies()) {
    if (deadline.expired()) {
      complete = false
      break
    }
    const subjects = passages.filter((each) => differs(policy.ir.subject, each, moments))
    addPodsOf(
      before,
      subjects.flatMap(({ was }) => was ?? []),
    )
    addPodsOf(
      after,
      subjects.flatMap(({ is }) => is ?? []),
    )
    if (!peersOf(policy).some((peer) => passages.some((each) => differs(peer, each, moments)))) continue
    addPodsOf(before, before.held(policy.ir.subject))
    addPodsOf(after, after.held(policy.ir.subject))
  }
  nodes.delete("")
  return { nodes: [...nodes].sort(), complete }
}

/** What some pods are before and after. */
interface Passage {
  readonly was: Identity | undefined
  readonly is: Identity | undefined
  /** Their addresses or ports change: whoever names them is concerned. */
  readonly moves: boolean
}

function passagesOf({ before, after }: Moments, { namespaces, pods }: ImpactScope): readonly Passage[] {
  const passages = new Map<string, Passage>()
  const add = (passage: Passage): void => {
    passages.set(`${passage.moves} ${passage.was?.key} ${passage.is?.key}`, passage)
  }
  for (const { namespace, name } of pods) {
    const [was, is] = [before.identityOf({ namespace, name }), after.identityOf({ namespace, name })]
    const texts = [before, after].map((view) => placeText(view.pod(namespace, name)))
    const moves = texts[0] !== texts[1] || was?.places.length !== is?.places.length
    if (moves || was?.key !== is?.key) add({ was, is, moves })
  }
  for (const namespace of namespaces) {
    for (const pod of after.pods(namespace)) {
      add({ was: before.identityOf(pod), is: after.identityOf(pod), moves: false })
    }
  }
  return [...passages.values()]
}

function placeText(pod: Pod | undefined): string {
  return JSON.stringify([pod?.addresses, pod?.ports])
}

function differs(
  expression: PodExpression,
  { was, is, moves }: Passage,
  { before, after }: Moments,
): boolean {
  const held = was !== undefined && before.holds(expression, was)
  const holds = is !== undefined && after.holds(expression, is)
  return held !== holds || (moves && (held || holds))
}

const EVERYBODY: PodExpression = { namespaces: { kind: "selector", selector: [] }, pods: [] }

/** Egress to a port by its name, wherever it is, names every pod. */
function peersOf({ ir }: PolicyRecord): readonly PodExpression[] {
  return [...(ir.ingress?.rules ?? []), ...(ir.egress?.rules ?? [])].flatMap(({ peers, ports }) => {
    if (peers.kind === "some") return peers.pods
    return ports.kind === "some" && ports.names.length > 0 ? [EVERYBODY] : []
  })
}
