// Connections that appear and disappear: every group that a change touches against every other, and against the
// addresses outside. Between groups that it does not touch nothing changes.

import { addressPieces } from "../address-pieces.ts"
import { type ConnectionSet, subtract } from "../connection-set.ts"
import type { Deadline } from "../deadline.ts"
import type { WorkloadGroup } from "../model/workload-groups.ts"
import {
  type ComparedFlow,
  type ComparedMoment,
  createFlowComparison,
  type End,
  type FlowComparison,
  isAlike,
  isNothing,
} from "./flow-comparison.ts"
import {
  type AlikePairs,
  bySize,
  createMostTelling,
  type MostTelling,
  rankOf,
  type Side,
  type TellingPair,
} from "./most-telling.ts"
import { concernedPeers } from "./peers.ts"
import { type ImpactScope, isTouched } from "./scope.ts"
import { createPartsByNode, type PartsByNode } from "./shared-nodes.ts"

export interface ChangedConnections {
  readonly appearing: Changed
  readonly disappearing: Changed
  /** False where the deadline has passed before all pairs were looked at. */
  readonly complete: boolean
}

export interface Changed {
  readonly pairs: number
  readonly observed: number
  readonly listed: readonly TellingPair<ChangedFlow>[]
}

export interface ChangedFlow extends ComparedFlow {
  readonly changed: ConnectionSet
  readonly source: End
  readonly destination: End
}

export interface ConnectionQuestion {
  readonly before: ComparedMoment
  readonly after: ComparedMoment
  /** Asked for where something may differ: with many pods it is work. */
  readonly groups: () => readonly WorkloadGroup[]
  readonly scope: ImpactScope
  /** Pairs listed of each kind. */
  readonly limit: number
  readonly deadline: Deadline
}

export function changedConnections(question: ConnectionQuestion): ChangedConnections {
  const { before, after, scope, limit } = question
  const tally: Tally = {
    comparison: createFlowComparison(before, after, scope),
    appearing: { pairs: 0, observed: 0, telling: createMostTelling(limit) },
    disappearing: { pairs: 0, observed: 0, telling: createMostTelling(limit) },
    partsByNode: createPartsByNode({ before: before.view, after: after.view }),
    sides: new Map(),
  }
  const complete = compareAll(question, tally)
  const told = ({ pairs, observed, telling }: Count): Changed => ({ pairs, observed, listed: telling.list() })
  return { appearing: told(tally.appearing), disappearing: told(tally.disappearing), complete }
}

interface Tally {
  readonly comparison: FlowComparison
  readonly appearing: Count
  readonly disappearing: Count
  readonly partsByNode: PartsByNode
  /** The workloads of a group in the order in which they are told. */
  readonly sides: Map<WorkloadGroup, readonly Side[]>
}

interface Count {
  pairs: number
  observed: number
  readonly telling: MostTelling<ChangedFlow>
}

/** Looking at the clock for every pair would cost as much as the pair. */
const PAIRS_BETWEEN_POLLS = 64

function compareAll({ groups, scope, ...question }: ConnectionQuestion, tally: Tally): boolean {
  const concerned = concernedPeers({ before: question.before.view, after: question.after.view }, scope)
  if (concerned?.size === 0) return true
  const all = groups()
  const touched = all.filter((each) => isTouched(each, scope))
  const isSubject = new Set(touched)
  const isConcerned = ({ before, after }: WorkloadGroup): boolean =>
    concerned === null ||
    before.some((each) => concerned.has(each)) ||
    after.some((each) => concerned.has(each))
  const isPeerOfItself = touched.some(isConcerned)
  let compared = 0
  // Peers outside: what is known of one is used for every subject while it is at hand.
  for (const peer of all) {
    if (!isConcerned(peer) && !(isPeerOfItself && isSubject.has(peer))) continue
    for (const subject of touched) {
      if (compared++ % PAIRS_BETWEEN_POLLS === 0 && question.deadline.expired()) return false
      compareGroups(tally, subject, peer)
      if (!isSubject.has(peer)) compareGroups(tally, peer, subject)
    }
  }
  return concerned !== null || compareRanges(touched, question, tally)
}

/** False where there was no time for all of it. */
function compareRanges(
  touched: readonly WorkloadGroup[],
  { before, after, deadline }: Pick<ConnectionQuestion, "before" | "after" | "deadline">,
  tally: Tally,
): boolean {
  const pieces = {
    ingress:
      touched.length === 0 ? [] : addressPieces(before.view.runs("ingress"), after.view.runs("ingress")),
    egress: touched.length === 0 ? [] : addressPieces(before.view.runs("egress"), after.view.runs("egress")),
  }
  for (const group of touched) {
    if (deadline.expired()) return false
    for (const run of alikeRuns(pieces.egress, (outside) => tally.comparison.compare(group, outside))) {
      count(tally, {
        sources: group,
        destinations: run.side,
        flow: { ...run.flow, source: group, destination: run.end },
      })
    }
    for (const run of alikeRuns(pieces.ingress, (outside) => tally.comparison.compare(outside, group))) {
      count(tally, {
        sources: run.side,
        destinations: group,
        flow: { ...run.flow, source: run.end, destination: group },
      })
    }
  }
  return true
}

function compareGroups(tally: Tally, source: WorkloadGroup, destination: WorkloadGroup): void {
  // A workload alone in its group would be compared with itself.
  if (source === destination && source.size === 1) return
  for (const { group, shared } of tally.partsByNode(source, destination)) {
    const flow = tally.comparison.compare(source, group, shared)
    if (flow === null) continue
    count(tally, { sources: source, destinations: group, flow: { ...flow, source, destination: group } })
  }
}

interface AlikeRun {
  readonly side: Side
  /** Of the first of its addresses: all are judged alike. */
  readonly end: End
  readonly flow: ComparedFlow
}

/** Pieces next to each other that change alike are one run: other policies' blocks are none of its matter. */
function alikeRuns(
  pieces: ReturnType<typeof addressPieces>,
  compare: (outside: End) => ComparedFlow | null,
): readonly AlikeRun[] {
  const runs: (AlikeRun & { readonly family: string; readonly from: string })[] = []
  let isNeighbour = false
  for (const { family, from, to, before, after } of pieces) {
    const end: End = {
      namespace: "",
      before: before === undefined ? [] : [before],
      after: after === undefined ? [] : [after],
    }
    const flow = compare(end)
    const last = isNeighbour ? runs.at(-1) : undefined
    isNeighbour = flow !== null
    if (flow === null) continue
    if (last !== undefined && last.family === family && isAlike(last.flow, flow)) {
      runs[runs.length - 1] = { ...last, side: rangeSide(last.from, to) }
    } else runs.push({ family, from, side: rangeSide(from, to), end, flow })
  }
  return runs
}

function rangeSide(from: string, to: string): Side {
  return { namespace: "", name: `${from}-${to}`, kind: "", text: `${from}-${to}`, pods: 1, dns: false }
}

interface Counted {
  readonly sources: WorkloadGroup | Side
  readonly destinations: WorkloadGroup | Side
  readonly flow: Omit<ChangedFlow, "changed">
}

function count(tally: Tally, counted: Counted): void {
  const { before, after } = counted.flow
  const gone = subtract(before, after)
  const come = subtract(after, before)
  if (!isNothing(gone)) add(tally, tally.disappearing, { ...counted, changed: gone, rest: after })
  if (!isNothing(come)) add(tally, tally.appearing, { ...counted, changed: come, rest: before })
}

interface Added extends Counted {
  readonly changed: ConnectionSet
  /** What is there on the other side of the change. */
  readonly rest: ConnectionSet
}

function add({ sides }: Tally, to: Count, { sources, destinations, flow, changed, rest }: Added): void {
  const pairs = pairsOf(sources, destinations)
  to.pairs += pairs
  if (flow.kept) to.observed += pairs
  const all = { sources: sidesOf(sources, sides), destinations: sidesOf(destinations, sides) }
  const isDns =
    (changed.UDP.some(hasDnsPort) || changed.TCP.some(hasDnsPort)) && all.destinations.some(({ dns }) => dns)
  const sameNamespace = flow.source.namespace === flow.destination.namespace
  const outside = flow.source.namespace === "" || flow.destination.namespace === ""
  const ranked = { outside, sameNamespace, whole: isNothing(rest) }
  const offer = (part: Pick<AlikePairs, "destinations">, dns: boolean): void =>
    to.telling.offer({
      sources: all.sources,
      destinations: part.destinations,
      change: { ...flow, changed },
      rank: rankOf({ ...ranked, dns }),
      dns,
    })
  if (!isDns) return offer(all, false)
  offer({ destinations: all.destinations.filter(({ dns }) => dns) }, true)
  offer({ destinations: all.destinations.filter(({ dns }) => !dns) }, false)
}

function hasDnsPort({ from, to }: { readonly from: number; readonly to: number }): boolean {
  return from <= 53 && 53 <= to
}

function pairsOf(sources: WorkloadGroup | Side, destinations: WorkloadGroup | Side): number {
  const size = (each: WorkloadGroup | Side) => ("workloads" in each ? each.size : 1)
  return size(sources) * (sources === destinations ? size(sources) - 1 : size(destinations))
}

function sidesOf(of: WorkloadGroup | Side, known: Map<WorkloadGroup, readonly Side[]>): readonly Side[] {
  if (!("workloads" in of)) return [of]
  const sorted = known.get(of)
  if (sorted !== undefined) return sorted
  const sides = of
    .workloads()
    .map((each): Side => ({ ...each, text: `${each.namespace}/${each.name}[${each.kind}]` }))
    .sort(bySize)
  known.set(of, sides)
  return sides
}
