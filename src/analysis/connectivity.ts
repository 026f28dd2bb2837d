// Who can reach whom on what: every workload, and the addresses outside.
//
// A line is the union over the pods of both workloads and over the families of their addresses; where these
// differ, a note says so. A workload to itself is no line, nor is one range of addresses to another.

import type { AddressRun, ClusterView, Identity, Peer, Workload } from "./cluster-view.ts"
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  isEqual,
  isTold,
  NO_CONNECTIONS,
  union,
} from "./connection-set.ts"
import { createNotes, type Notes } from "./connectivity-notes.ts"
import { type Deadline, NO_DEADLINE } from "./deadline.ts"
import { type AnalysisEnd, endText, isMadeUp, type RangeEnd, type WorkloadEnd } from "./end.ts"
import { createReach, type Reach, type Reached } from "./reach.ts"
import { type NodePresence, presenceOf, sharesNode } from "./same-node.ts"

export interface ConnectivityLine {
  readonly source: AnalysisEnd
  readonly destination: AnalysisEnd
  readonly connections: ConnectionSet
  /** Some of it would be denied, but what is denied there is only counted. */
  readonly observed: boolean
}

export interface Connectivity {
  /** Everybody, with connections or without, sorted by endText; the very objects that lines name. */
  readonly ends: readonly AnalysisEnd[]
  /** Sorted by the text of the source, then of the destination. */
  readonly lines: readonly ConnectivityLine[]
  readonly notes: readonly string[]
  /** False where the deadline came first: lines are missing then. */
  readonly complete: boolean
}

export interface ConnectivityOptions {
  /** Only lines from or to these workloads. */
  readonly focus?: (workload: Workload) => boolean
  readonly deadline?: Deadline
  /**
   * Whether a host-network pod's way to the pods of its own node, which no policy cuts off (probes), is told in lines;
   * otherwise a note tells of it, and lines are what policies say.
   */
  readonly ownNodes?: boolean
}

export function connectivity(view: ClusterView, options: ConnectivityOptions = {}): Connectivity {
  const { focus = () => true, deadline = NO_DEADLINE, ownNodes = true } = options
  const workloads = view.workloads().map((each) => partyOf(each, view, focus))
  const ranges = new Map<string, RangeEnd>()
  const partiesOf = (direction: "ingress" | "egress"): readonly Party[] =>
    [...workloads, ...view.runs(direction).map((run) => rangeParty(run, ranges))].sort(byText)
  const parties = { sources: partiesOf("ingress"), destinations: partiesOf("egress") }
  const question: Question = { reach: createReach(view), notes: createNotes(ownNodes), ownNodes }
  const focused = parties.destinations.filter(({ isFocus }) => isFocus)
  const lines: ConnectivityLine[] = []
  let complete = true
  for (const source of parties.sources) {
    if (deadline.expired()) {
      complete = false
      break
    }
    const destinations = source.isFocus ? parties.destinations : focused
    for (const destination of destinations) addLine(lines, [source, destination], question)
  }
  const ends = new Map(
    [...parties.sources, ...parties.destinations].sort(byText).map((each) => [each.text, each.end]),
  )
  return { ends: [...ends.values()], lines, notes: question.notes.all(), complete }
}

interface Party {
  readonly text: string
  readonly end: AnalysisEnd
  /** Identities of a workload's pods, or the range. */
  readonly peers: readonly Peer[]
  readonly nodes: NodePresence | null
  readonly isFocus: boolean
}

interface Question {
  readonly reach: Reach
  readonly notes: Notes
  readonly ownNodes: boolean
}

function partyOf(workload: Workload, view: ClusterView, focus: (workload: Workload) => boolean): Party {
  const { namespace, name, kind, pods } = workload
  const hostNetwork = pods.some((pod) => pod.hostNetwork)
  const end: WorkloadEnd = {
    kind: "workload",
    namespace,
    name,
    workload: kind,
    pods: pods.some(isMadeUp) ? 0 : pods.length,
    hostNetwork,
  }
  const peers = new Set<Identity>()
  for (const pod of pods) {
    const identity = view.identityOf(pod)
    if (identity !== undefined) peers.add(identity)
  }
  return {
    text: endText(end),
    end,
    peers: [...peers],
    nodes: presenceOf(pods, view),
    isFocus: focus(workload),
  }
}

/** A range that is a source and a destination is one end. */
function rangeParty(run: AddressRun, ranges: Map<string, RangeEnd>): Party {
  const end: RangeEnd = { kind: "range", from: run.from, to: run.to }
  const text = endText(end)
  const known = ranges.get(text) ?? end
  ranges.set(text, known)
  return { text, end: known, peers: [run], nodes: null, isFocus: false }
}

function byText(a: Party, b: Party): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0
}

type Pair = readonly [source: Party, destination: Party]

function addLine(lines: ConnectivityLine[], pair: Pair, { reach, notes, ownNodes }: Question): void {
  const [source, destination] = pair
  const isSame = source === destination
  if (isSame || (source.end.kind === "range" && destination.end.kind === "range")) return
  const found = reachedBy(pair, reach, ownNodes)
  const { connections, enforced } = found
  if (isTold(connections) || found.ownNode) notes.add(found, source.text, destination.text)
  if (!isTold(connections)) return
  const observed = connections !== enforced && !isEqual(connections, enforced)
  lines.push({ source: source.end, destination: destination.end, connections, observed })
}

/** What some pod of one can reach of some pod of the other. */
interface PairReached extends Reached {
  readonly podsDiffer: boolean
  /** More than policies allow flows between a host-network pod and the pods of its own node. */
  readonly ownNode: boolean
}

function reachedBy([source, destination]: Pair, reach: Reach, ownNodes: boolean): PairReached {
  let found: Reached | undefined
  let podsDiffer = false
  for (const from of source.peers) {
    for (const to of destination.peers) {
      const next = reach.detail(from, to)
      if (found === undefined) found = next
      else {
        podsDiffer ||= !isEqual(found.connections, next.connections)
        found = joined(found, next)
      }
    }
  }
  const { connections, enforced, mixed } = found ?? NOTHING
  const isFree = isEqual(connections, ALL_CONNECTIONS)
  const isOpen = isFree && isEqual(enforced, ALL_CONNECTIONS)
  if (isOpen || !shareNode(source, destination)) {
    return { connections, enforced, mixed, podsDiffer, ownNode: false }
  }
  if (!ownNodes) return { connections, enforced, mixed, podsDiffer, ownNode: !isFree }
  const all = { connections: ALL_CONNECTIONS, enforced: ALL_CONNECTIONS }
  return { ...all, mixed: false, podsDiffer: false, ownNode: !isFree }
}

function shareNode(source: Party, destination: Party): boolean {
  return source.nodes !== null && destination.nodes !== null && sharesNode(source.nodes, destination.nodes)
}

const NOTHING: Reached = { connections: NO_CONNECTIONS, enforced: NO_CONNECTIONS, mixed: false }

function joined(before: Reached, next: Reached): Reached {
  return {
    connections: union(before.connections, next.connections),
    enforced: union(before.enforced, next.enforced),
    mixed: before.mixed || next.mixed,
  }
}
