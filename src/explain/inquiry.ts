// A whole question, as people ask it, and its answer: every pair of ends, address family and port that the
// references stand for, told apart only where they differ.

import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import type { Service } from "../compile/snapshot.ts"
import { parseAddress } from "./address.ts"
import { type Allowed, allowed, type PortInterval, portPieces } from "./allowed.ts"
import { bad, type Checked, good } from "./checked.ts"
import { type Destination, destinationsOf } from "./destinations.ts"
import type { Connection } from "./evaluate.ts"
import type { Port } from "./judge.ts"
import type { PortRequest } from "./port-request.ts"
import type { Reference } from "./reference.ts"
import {
  type Case,
  combineCases,
  connectionsOf,
  type Explanation,
  explainConnection,
  type Flow,
  sameReasons,
} from "./verdict.ts"
import type { End, World } from "./world.ts"

export interface Inquiry {
  readonly from: Reference
  readonly to: Reference
  readonly port: PortRequest
}

/** A case holds for every port of `ports`; null for a protocol without ports. */
export interface AnswerCase extends Case {
  readonly ports: PortInterval | null
  readonly service: Service | null
}

export interface Answer extends Explanation {
  readonly cases: readonly AnswerCase[]
  /** What was decided without knowing an address. */
  readonly notes: readonly string[]
}

export interface AllowedCase {
  readonly connection: Connection
  readonly allowed: Allowed
}

/** How much of an answer a server gives. */
export interface Limits {
  readonly pairs: number
  /** The time is over. */
  readonly expired: () => boolean
}

const NO_LIMITS: Limits = { pairs: Number.POSITIVE_INFINITY, expired: () => false }

export function inquire(inquiry: Inquiry, world: World, limits = NO_LIMITS): Checked<Answer> {
  const ends = endsOf(inquiry, world, limits)
  if (!ends.ok) return ends
  const cases: AnswerCase[] = []
  for (const { from, destination } of ends.value) {
    for (const connection of connectionsTo(destination, from, world)) {
      if (limits.expired()) return bad(diagnostic("questionTooLong", {}))
      cases.push(...explainPorts(connection, destination, { world, expired: limits.expired }))
    }
  }
  if (limits.expired()) return bad(diagnostic("questionTooLong", {}))
  if (cases.length === 0) return bad(noCommonFamily(inquiry))
  return good({ ...combineCases(cases), cases, notes: notesOf(cases) })
}

/** What may flow between the ends, pair by pair of addresses; behind a Service, to the pods themselves. */
export function inquireAllowed(
  inquiry: Omit<Inquiry, "port">,
  world: World,
  limits = NO_LIMITS,
): Checked<readonly AllowedCase[]> {
  const ends = endsOf({ ...inquiry, port: null }, world, limits)
  if (!ends.ok) return ends
  const connections = ends.value.flatMap(({ from, destination }) => connectionsTo(destination, from, world))
  if (connections.length === 0) return bad(noCommonFamily(inquiry))
  const cases: AllowedCase[] = []
  for (const connection of connections) {
    cases.push({ connection, allowed: allowed(connection, world, limits.expired) })
    if (limits.expired()) return bad(diagnostic("questionTooLong", {}))
  }
  return good(cases)
}

interface Ends {
  readonly from: End
  readonly destination: Destination
}

function endsOf(
  { from, to, port }: Omit<Inquiry, "port"> & { readonly port: PortRequest | null },
  world: World,
  { pairs: limit }: Limits,
): Checked<readonly Ends[]> {
  if (from.kind === "service") return bad(diagnostic("serviceAsSource", { value: from.text }))
  const destinations = destinationsOf(to, port, world)
  if (!destinations.ok) return destinations
  const pairs = from.ends.length * destinations.value.length
  if (pairs > limit) {
    return bad(diagnostic("questionTooLarge", { from: from.text, to: to.text, pairs, limit }))
  }
  return good(
    from.ends.flatMap((end) => destinations.value.map((destination) => ({ from: end, destination }))),
  )
}

/** A Service with addresses leads only to addresses of their families. */
function connectionsTo(destination: Destination, from: End, world: World): readonly Connection[] {
  const families = destination.throughService?.clusterIPs.flatMap((each) => parseAddress(each)?.family ?? [])
  return connectionsOf(flowOf(from, destination), world).filter(
    ({ to }) => families === undefined || families.length === 0 || families.includes(to.address.family),
  )
}

function flowOf(from: End, { end, ports, throughService }: Destination): Flow {
  const port: Port =
    ports?.kind === "range"
      ? { kind: "port", protocol: ports.protocol, port: ports.from }
      : { kind: "other", protocol: ports?.protocol ?? "ICMP" }
  return { from, to: end, port, throughService: throughService !== null }
}

interface Timed {
  readonly world: World
  readonly expired: () => boolean
}

/** One case for each stretch of the ports asked for that has one answer; those for which there is time. */
function explainPorts(
  connection: Connection,
  { ports, throughService: service }: Destination,
  { world, expired }: Timed,
): readonly AnswerCase[] {
  if (ports?.kind !== "range") return [{ ...explainConnection(connection, world), ports: null, service }]
  const { protocol, from, to } = ports
  const pieces = portPieces(connection, world)
    .filter((piece) => piece.from <= to && from <= piece.to)
    .map((piece) => ({ from: Math.max(piece.from, from), to: Math.min(piece.to, to) }))
  const cases: AnswerCase[] = []
  for (const piece of pieces) {
    // There may be thousands, and as many rules to be told for each.
    if (expired()) return cases
    const port: Port = { kind: "port", protocol, port: piece.from }
    const each = { ...explainConnection({ ...connection, port }, world), ports: piece, service }
    const last = cases.at(-1)
    if (last === undefined || !isSameAnswer(last, each)) cases.push(each)
    else cases[cases.length - 1] = { ...last, ports: joinedInterval(last.ports, each.ports) }
  }
  return cases
}

function isSameAnswer(a: Case, b: Case): boolean {
  return sameReasons(a.egress, b.egress) && sameReasons(a.ingress, b.ingress)
}

function joinedInterval(a: PortInterval | null, b: PortInterval | null): PortInterval | null {
  return a && b && { from: a.from, to: b.to }
}

function notesOf(cases: readonly Case[]): readonly string[] {
  const steps = cases.flatMap((each) => [...(each.egress?.trace ?? []), ...(each.ingress?.trace ?? [])])
  return [...new Set(steps.filter(({ outcome }) => outcome === "assumed").map(({ text }) => text))]
}

function noCommonFamily({ from, to }: Omit<Inquiry, "port">): Diagnostic {
  return diagnostic("noCommonFamily", { from: from.text, to: to.text })
}
