// Random programs of one node, and what their classes mean, said by a loop over the rules.

import * as fc from "fast-check"
import { contains, unionOfBlocks } from "../../src/compile/address-ranges.ts"
import type { Action, Direction } from "../../src/compile/policy-ir.ts"
import type { NamedPortMember, PeerUnion, PortGroup, Run, Stage } from "../../src/compile/program.ts"
import type { Protocol } from "../../src/compile/snapshot.ts"
import { type PodSource, type ProgramSource, runOf, stageOf } from "../programs.ts"

/** Three pods here, two elsewhere, one host outside: each with an address of both families. */
export const LOCAL = ["10.244.1.2", "10.244.1.3", "10.9.9.9", "fd00:244::2", "fd00:244::3", "fd00:9::9"]
export const REMOTE = [
  "10.244.2.2",
  "10.244.2.3",
  "192.0.2.1",
  "fd00:244:2::2",
  "fd00:244:2::3",
  "2001:db8::1",
]
const PORTS = [0, 1, 79, 80, 81, 443, 8080, 65534, 65535]
const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"]
const SETS = ["s0", "s1", "s2"]
const NAMED = ["n0", "n1"]
const BLOCKS = [
  "0.0.0.0/0",
  "10.244.0.0/16",
  "10.244.2.2/31",
  "192.0.2.0/24",
  "::/0",
  "fd00::/8",
  "2001:db8::/32",
]

const address = fc.constantFrom(...LOCAL, ...REMOTE)
const protocol = fc.constantFrom(...PROTOCOLS)
const port = fc.constantFrom(...PORTS)

const ranges = fc
  .array(fc.record({ cidr: fc.constantFrom(...BLOCKS), except: fc.subarray(BLOCKS, { maxLength: 1 }) }), {
    minLength: 1,
    maxLength: 2,
  })
  .map(unionOfBlocks)

const peers: fc.Arbitrary<PeerUnion> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<PeerUnion>({ kind: "any" }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("some" as const),
      pods: fc.option(fc.constantFrom(...SETS)),
      ranges: fc.option(ranges),
    }),
  },
)

/** Disjoint and sorted, for each protocol by itself: few, or more than are written as plain rules. */
const groups: fc.Arbitrary<readonly PortGroup[]> = fc
  .uniqueArray(fc.record({ protocol, bounds: fc.subarray(PORTS, { minLength: 1, maxLength: 9 }) }), {
    maxLength: 2,
    selector: (each) => each.protocol,
  })
  .chain((lists) => fc.tuple(...lists.map(groupsBetween)))
  .map((lists) => lists.flat())

/** Groups [0], [1, 79], [80] ... as the bounds part them, each with peers of its own, some left out. */
function groupsBetween({
  protocol,
  bounds,
}: {
  readonly protocol: Protocol
  readonly bounds: readonly number[]
}) {
  const parts = bounds.map((to, i) => ({ from: (bounds[i - 1] ?? -1) + 1, to }))
  return fc
    .tuple(
      ...parts.map((part) =>
        fc.option(
          peers.map((peers): PortGroup => ({ protocol, ...part, peers })),
          { freq: 3 },
        ),
      ),
    )
    .map((made) => made.filter((each) => each !== null))
}

const action = (isOnlyAccept: boolean): fc.Arbitrary<Action> =>
  isOnlyAccept ? fc.constant("Accept") : fc.constantFrom("Accept", "Deny", "Pass", "Log")

function run(direction: Direction, isOnlyAccept: boolean): fc.Arbitrary<Run> {
  return fc
    .record({
      action: action(isOnlyAccept),
      everyPort: fc.option(peers, { freq: 2 }),
      ports: groups,
      named: direction === "egress" ? fc.option(fc.constantFrom(...NAMED), { freq: 2 }) : fc.constant(null),
    })
    .map(({ action, ...parts }) => runOf(action, parts))
}

function stage(direction: Direction): fc.Arbitrary<Stage> {
  return fc.boolean().chain((isOnlyAccept) =>
    fc
      .record({
        runs: fc.array(run(direction, isOnlyAccept), { maxLength: isOnlyAccept ? 1 : 4 }),
        isolatedBy: fc.subarray(["p", "q"]),
      })
      .map(({ runs, isolatedBy }) => stageOf(runs, isolatedBy)),
  )
}

/** At times the first tier's runs come again in the last: the same objects, as whoever interns them gives them. */
export function stages(direction: Direction): fc.Arbitrary<readonly Stage[]> {
  return fc.tuple(fc.array(stage(direction), { maxLength: 4 }), fc.boolean()).map(([made, again]) => {
    const all = again ? [...made, ...made.slice(0, 1)] : made
    return all.map((each, i) => ({ ...each, tier: { name: `tier-${i}`, order: i } }))
  })
}

const members: fc.Arbitrary<NamedPortMember> = fc.record({ address, protocol, port })

const isObserved = fc.nat(3).map((n) => n === 0)

const pods: fc.Arbitrary<readonly PodSource[]> = fc
  .tuple(...[0, 1, 2].map(() => fc.tuple(stages("ingress"), stages("egress"), isObserved)))
  .map((made) =>
    made.map(([ingress, egress, observed], i) => ({
      addresses: [LOCAL[i] ?? "", LOCAL[i + 3] ?? ""],
      ingress,
      egress,
      observed,
    })),
  )

export const source: fc.Arbitrary<ProgramSource> = fc.record({
  families: fc.constant(["IPv4", "IPv6"] as const),
  podCIDRs: fc.constant(["10.244.1.0/24", "fd00:244::/64"]),
  pods,
  sets: fc.record(Object.fromEntries(SETS.map((key) => [key, fc.uniqueArray(address)]))),
  named: fc.record(
    Object.fromEntries(
      NAMED.map((key) => [key, fc.uniqueArray(members, { selector: (each) => JSON.stringify(each) })]),
    ),
  ),
})

export interface Flow {
  readonly source: string
  readonly destination: string
  /** ICMP and OTHER have no port. */
  readonly protocol: Protocol | "ICMP" | "OTHER"
  readonly port: number
}

const flow: fc.Arbitrary<Flow> = fc.record({
  source: address,
  destination: address,
  protocol: fc.constantFrom(...PROTOCOLS, ...PROTOCOLS, "ICMP" as const, "OTHER" as const),
  port,
})

/** A program and flows through it, a third of them to ports that have a name. */
export const programAndFlows: fc.Arbitrary<readonly [ProgramSource, readonly Flow[]]> = source.chain(
  (source) => {
    const named = Object.values(source.named ?? {}).flat()
    const known =
      named.length === 0
        ? flow
        : fc
            .tuple(flow, fc.constantFrom(...named))
            .map(([flow, { address, ...end }]) => ({ ...flow, destination: address, ...end }))
    const some = fc.oneof({ weight: 2, arbitrary: flow }, { weight: 1, arbitrary: known }).filter(isPossible)
    return fc.tuple(fc.constant(source), fc.array(some, { minLength: 20, maxLength: 20 }))
  },
)

function isPossible({ source, destination }: Flow): boolean {
  return source.includes(":") === destination.includes(":") && source !== destination
}

/** Whether source and destination accept the flow, from the words of the IR alone. */
export function accepts(program: ProgramSource, flow: Flow): boolean {
  const stagesOf = (address: string, direction: Direction) => {
    const pod = program.pods?.find((each) => each.addresses.includes(address))
    return pod?.observed === true ? [] : (pod?.[direction] ?? [])
  }
  return (
    judge(program, stagesOf(flow.source, "egress"), { ...flow, peer: flow.destination }) &&
    judge(program, stagesOf(flow.destination, "ingress"), { ...flow, peer: flow.source })
  )
}

/** How often a flow that is let through is counted, for pods that are only observed. */
export function observations(program: ProgramSource, flow: Flow): Readonly<Record<Direction, number>> {
  const wouldDeny = (direction: Direction): boolean => {
    const [subject, peer] =
      direction === "egress" ? [flow.source, flow.destination] : [flow.destination, flow.source]
    const pod = program.pods?.find((each) => each.addresses.includes(subject))
    return pod?.observed === true && !judge(program, pod[direction] ?? [], { ...flow, peer })
  }
  return { egress: Number(wouldDeny("egress")), ingress: Number(wouldDeny("ingress")) }
}

interface Question extends Flow {
  readonly peer: string
}

function judge(program: ProgramSource, stages: readonly Stage[], question: Question): boolean {
  nextStage: for (const { runs, isolatedBy } of stages) {
    for (const run of runs) {
      if (!holds(program, run, question)) continue
      if (run.action === "Accept") return true
      if (run.action === "Deny") return false
      if (run.action === "Pass") continue nextStage
    }
    if (isolatedBy.length > 0) return false
  }
  return true
}

function holds(program: ProgramSource, { everyPort, ports, named }: Run, question: Question): boolean {
  const { peer, protocol, port } = question
  const isPeer = (peers: PeerUnion) =>
    peers.kind === "any" ||
    (peers.pods !== null && program.sets?.[peers.pods]?.includes(peer) === true) ||
    (peers.ranges !== null && contains(peers.ranges, peer))
  if (everyPort !== null && isPeer(everyPort)) return true
  const serves = named === null ? [] : (program.named?.[named] ?? [])
  if (serves.some((each) => each.address === peer && each.protocol === protocol && each.port === port))
    return true
  return ports.some(
    (group) => group.protocol === protocol && group.from <= port && port <= group.to && isPeer(group.peers),
  )
}
