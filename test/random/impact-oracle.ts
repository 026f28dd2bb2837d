// What a change does, found out the long way: both clusters judged whole, every workload against every other and
// against every address where an answer could change, and the answers compared.

import {
  type ConnectionSet,
  connectionText,
  isEqual,
  NO_CONNECTIONS,
  subtract,
  union,
} from "../../src/analysis/connection-set.ts"
import { readCidr } from "../../src/compile/address-ranges.ts"
import type { Change, Enforcement, Pod, Snapshot } from "../../src/compile/snapshot.ts"
import { parseBlock } from "../../src/explain/address.ts"
import { allowed } from "../../src/explain/allowed.ts"
import type { Endpoint } from "../../src/explain/judge.ts"
import { createWorld, DEFAULT_SETTINGS, endpointsOf, type World } from "../../src/explain/world.ts"
import { judgeOf } from "../../src/kinds/registry.ts"
import { applyChange, type Cluster, emptyCluster, snapshotOf } from "../engine/cluster.ts"

export interface ExpectedImpact {
  /** "isolated ingress one/pod-1[Pod] 1" */
  readonly isolation: readonly string[]
  /** "one/pod-1[Pod] > 10.0.0.0-10.0.0.255: TCP 80; before TCP 80; after " */
  readonly appearing: readonly string[]
  readonly disappearing: readonly string[]
  /** Of what disappears, what really flows on. */
  readonly observed: number
}

export interface Moment {
  readonly snapshot: Snapshot
  readonly enforcement: Enforcement
}

export function changed(snapshot: Snapshot, changes: readonly Change[]): Snapshot {
  const cluster = clusterOf(snapshot)
  for (const each of changes) applyChange(cluster, each)
  return snapshotOf(cluster)
}

export function expectedImpact(
  { snapshot, enforcement }: Moment,
  changes: readonly Change[],
): ExpectedImpact {
  const after = changed(snapshot, changes)
  const sides = {
    before: sideOf({ snapshot, enforcement }),
    after: sideOf({ snapshot: after, enforcement }),
    pieces: outsidePieces([snapshot, after]),
  }
  const pairs = [...workloadPairs(sides), ...rangePairs(sides)]
  const told = (lines: readonly PairChange[], way: "appearing" | "disappearing") =>
    lines.flatMap(({ name, before, after }) => {
      const what = way === "appearing" ? subtract(after, before) : subtract(before, after)
      const text = connectionText(what)
      return text === ""
        ? []
        : [`${name}: ${text}; before ${connectionText(before)}; after ${connectionText(after)}`]
    })
  return {
    isolation: isolationOf(sides),
    appearing: told(pairs, "appearing").sort(),
    disappearing: told(pairs, "disappearing").sort(),
    observed: pairs.filter(
      ({ before, after, isKept }) => isKept && connectionText(subtract(before, after)) !== "",
    ).length,
  }
}

interface Side {
  /** As policies say. */
  readonly said: World
  /** As it is: what observed namespaces deny flows. */
  readonly real: World
  readonly workloads: ReadonlyMap<string, readonly Pod[]>
}

interface Sides {
  readonly before: Side
  readonly after: Side
  readonly pieces: readonly Piece[]
}

interface PairChange {
  readonly name: string
  readonly before: ConnectionSet
  readonly after: ConnectionSet
  /** What disappears flows on. */
  readonly isKept: boolean
}

/** Nodes tell no pod ranges: ranges of addresses are nobody's. */
function sideOf({ snapshot, enforcement }: Moment): Side {
  const nodes = snapshot.nodes.map((each) => ({ ...each, podCIDRs: [] }))
  const real = createWorld({ ...snapshot, nodes }, judgeOf, { ...DEFAULT_SETTINGS, enforcement })
  return {
    said: { ...real, isObserved: () => false },
    real,
    workloads: Map.groupBy(
      snapshot.pods.filter(({ finished }) => !finished),
      ({ namespace, name, controller }) =>
        `${namespace}/${controller?.name ?? name}[${controller?.kind ?? "Pod"}]`,
    ),
  }
}

function* workloadPairs(sides: Sides): Generator<PairChange> {
  const { before, after } = sides
  const names = [...new Set([...before.workloads.keys(), ...after.workloads.keys()])]
  for (const source of names) {
    for (const destination of names) {
      if (source === destination) continue
      const flow = (side: Side, mode: Mode) =>
        between(
          endsOf(side.workloads.get(source), side, mode),
          endsOf(side.workloads.get(destination), side, mode),
          side[mode],
        )
      yield pairChange(`${source} > ${destination}`, [namespaceOf(source), namespaceOf(destination)], {
        sides,
        flow,
      })
    }
  }
}

/** Pieces of addresses next to each other that change alike are one. */
function* rangePairs(sides: Sides): Generator<PairChange> {
  const { before, after, pieces } = sides
  const names = [...new Set([...before.workloads.keys(), ...after.workloads.keys()])]
  for (const name of names) {
    for (const way of ["to", "from"] as const) {
      const changes = pieces.map((piece) => {
        const outside: readonly Endpoint[] = [
          { kind: "outside", address: { kind: "known", family: piece.family, text: piece.from } },
        ]
        const flow = (side: Side, mode: Mode) => {
          const own = endsOf(side.workloads.get(name), side, mode)
          return way === "to" ? between(own, outside, side[mode]) : between(outside, own, side[mode])
        }
        return { piece, change: pairChange("", [namespaceOf(name)], { sides, flow }) }
      })
      for (const run of runsOf(changes)) {
        const range = `${run.from}-${run.to}`
        yield { ...run.change, name: way === "to" ? `${name} > ${range}` : `${range} > ${name}` }
      }
    }
  }
}

interface Flowing {
  readonly sides: Sides
  readonly flow: (side: Side, mode: Mode) => ConnectionSet
}

type Mode = "said" | "real"

/** Where a namespace's mode changes, what flows is compared, else what policies say. */
function pairChange(name: string, namespaces: readonly string[], { sides, flow }: Flowing): PairChange {
  const { before, after } = sides
  const isSwitched = namespaces.some((each) => before.real.isObserved(each) !== after.real.isObserved(each))
  const mode = isSwitched ? "real" : "said"
  const gone = subtract(flow(before, "real"), flow(after, "real"))
  return {
    name,
    before: flow(before, mode),
    after: flow(after, mode),
    isKept: connectionText(gone) === "",
  }
}

function endsOf(pods: readonly Pod[] | undefined, side: Side, mode: Mode): readonly Endpoint[] {
  return (pods ?? []).flatMap((pod) => endpointsOf({ kind: "pod", pod }, side[mode]))
}

function between(from: readonly Endpoint[], to: readonly Endpoint[], world: World): ConnectionSet {
  return from
    .flatMap((source) => to.map((destination) => [source, destination] as const))
    .filter(([source, destination]) => source.address.family === destination.address.family)
    .map(([source, destination]) => allowed({ from: source, to: destination, throughService: false }, world))
    .reduce<ConnectionSet>(union, NO_CONNECTIONS)
}

function isolationOf({ before, after }: Sides): readonly string[] {
  const lines = (["ingress", "egress"] as const).flatMap((direction) => {
    const pods = after.said.snapshot.pods.flatMap((pod) => {
      const was = isolates(pod, direction, before)
      const is = isolates(pod, direction, after)
      return was === null || is === null || was === is
        ? []
        : [{ pod, line: `${is ? "isolated" : "released"} ${direction}` }]
    })
    const byWorkload = Map.groupBy(
      pods,
      ({ pod: { namespace, name, controller }, line }) =>
        `${line} ${namespace}/${controller?.name ?? name}[${controller?.kind ?? "Pod"}]`,
    )
    return Array.from(byWorkload, ([key, all]) => `${key} ${all.length}`)
  })
  return lines.sort()
}

/** Null for what is no subject of policies there. */
function isolates({ namespace, name }: Pod, direction: "ingress" | "egress", { said }: Side): boolean | null {
  const pod = said.snapshot.pods.find((each) => each.namespace === namespace && each.name === name)
  if (pod === undefined || pod.finished || pod.hostNetwork) return null
  const address = { kind: "known", family: "IPv4", text: "192.0.2.1" } as const
  return said.policiesFor(namespace).some(
    ({ policy, judge }) =>
      judge.judge(policy, {
        direction,
        subject: { kind: "pod", pod, address },
        peer: { kind: "outside", address },
        port: { kind: "port", protocol: "TCP", port: 1 },
        namespaceLabels: said.namespaceLabels,
      }).isolates,
  )
}

interface Piece {
  readonly family: "IPv4" | "IPv6"
  readonly first: bigint
  readonly last: bigint
  /** The first and last address as text. */
  readonly from: string
  readonly to: string
}

/** Between any two bounds of blocks and excepts, whatever they are for. */
function outsidePieces(snapshots: readonly Snapshot[]): readonly Piece[] {
  const texts = snapshots.flatMap(({ policies }) => policies.flatMap(({ spec }) => cidrsIn(spec)))
  const blocks = ["0.0.0.0/0", "::/0", ...texts].flatMap((each) => parseBlock(each) ?? [])
  return (["IPv4", "IPv6"] as const).flatMap((family) => {
    const own = blocks.filter((each) => each.family === family)
    const starts = [...new Set(own.flatMap(({ first, last }) => [first, last + 1n]))].sort((a, b) =>
      a < b ? -1 : 1,
    )
    return starts.slice(0, -1).map((first, i): Piece => {
      const last = (starts[i + 1] ?? 0n) - 1n
      return { family, first, last, from: addressText(family, first), to: addressText(family, last) }
    })
  })
}

function cidrsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return value.includes("/") ? [value] : []
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(cidrsIn) : []
}

function addressText(family: Piece["family"], value: bigint): string {
  const bits = family === "IPv4" ? 32 : 128
  const plain =
    family === "IPv4"
      ? Array.from({ length: 4 }, (_, i) => (value >> BigInt(24 - 8 * i)) & 255n).join(".")
      : Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
          ":",
        )
  return readCidr(`${plain}/${bits}`)?.text.split("/")[0] ?? plain
}

function runsOf(
  all: readonly { readonly piece: Piece; readonly change: PairChange }[],
): readonly (Piece & { readonly change: PairChange })[] {
  const runs: (Piece & { readonly change: PairChange })[] = []
  for (const { piece, change } of all) {
    const last = runs.at(-1)
    if (
      last !== undefined &&
      last.last + 1n === piece.first &&
      last.family === piece.family &&
      isAlike(last.change, change)
    )
      runs[runs.length - 1] = { ...last, last: piece.last, to: piece.to }
    else runs.push({ ...piece, change })
  }
  return runs
}

function isAlike(a: PairChange, b: PairChange): boolean {
  return isEqual(a.before, b.before) && isEqual(a.after, b.after) && a.isKept === b.isKept
}

function namespaceOf(end: string): string {
  return end.slice(0, end.indexOf("/"))
}

function clusterOf({ namespaces, nodes, pods, services, policies }: Snapshot): Cluster {
  const cluster = emptyCluster()
  const sets: readonly Change[] = [
    ...namespaces.map((value): Change => ({ kind: "namespace", op: "set", value })),
    ...nodes.map((value): Change => ({ kind: "node", op: "set", value })),
    ...pods.map((value): Change => ({ kind: "pod", op: "set", value })),
    ...services.map((value): Change => ({ kind: "service", op: "set", value })),
    ...policies.map((value): Change => ({ kind: "policy", op: "set", value })),
  ]
  for (const each of sets) applyChange(cluster, each)
  return cluster
}
