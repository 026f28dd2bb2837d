// A connection judged twice: by the program as written in program.ts, and by the IR as written in policy-ir.ts.

import { contains, unionOfBlocks } from "../../src/compile/address-ranges.ts"
import type { Direction, Peers, PodExpression, PolicyIr, Ports, Rule } from "../../src/compile/policy-ir.ts"
import type { ClassKey, PeerUnion, Program, Run } from "../../src/compile/program.ts"
import { selects } from "../../src/compile/selector.ts"
import type { Labels, Pod, Protocol, Snapshot } from "../../src/compile/snapshot.ts"

/** `port` is null for a protocol without ports. */
export interface Flow {
  readonly direction: Direction
  readonly peer: string
  readonly port: { readonly protocol: Protocol; readonly number: number } | null
}

/** The verdict, and the rules that logged on the way: their policies and paths, runs merged. */
export interface Judgement {
  readonly verdict: "Accept" | "Deny"
  readonly logged: boolean
}

export function judgeProgram(program: Program, key: ClassKey, flow: Flow): Judgement {
  let logged = false
  for (const { runs, isolatedBy } of program.policyClass(key).stages) {
    let passed = false
    for (const run of runs) {
      if (!runHolds(program, run, flow)) continue
      if (run.action === "Accept" || run.action === "Deny") return { verdict: run.action, logged }
      if (run.action === "Log") logged = true
      passed = run.action === "Pass"
      if (passed) break
    }
    if (!passed && isolatedBy.length > 0) return { verdict: "Deny", logged }
  }
  return { verdict: "Accept", logged }
}

function runHolds(program: Program, { everyPort, ports, named }: Run, { peer, port }: Flow): boolean {
  if (everyPort !== null && unionHolds(program, everyPort, peer)) return true
  if (port === null) return false
  const { protocol, number } = port
  const group = ports.find((each) => each.protocol === protocol && each.from <= number && number <= each.to)
  if (group !== undefined && unionHolds(program, group.peers, peer)) return true
  if (named === null) return false
  return [...program.namedPortSet(named).members()].some(
    (each) => each.address === peer && each.protocol === protocol && each.port === number,
  )
}

function unionHolds(program: Program, union: PeerUnion, peer: string): boolean {
  if (union.kind === "any") return true
  const { pods, ranges } = union
  if (pods !== null && new Set(program.addressSet(pods).members()).has(peer)) return true
  return ranges !== null && contains(ranges, peer)
}

/** The pod that owns an address: the first by namespace/name that is neither finished nor on the host's network. */
export function ownerOf({ pods }: Snapshot, address: string): Pod | null {
  const claiming = pods.filter((pod) => !pod.finished && !pod.hostNetwork && pod.addresses.includes(address))
  const keys = claiming.map(({ namespace, name }) => `${namespace}/${name}`).sort()
  return claiming.find(({ namespace, name }) => `${namespace}/${name}` === keys[0]) ?? null
}

export function judgeIr(
  snapshot: Snapshot,
  policies: readonly PolicyIr[],
  subject: Pod,
  flow: Flow,
): Judgement {
  const holding = policies.filter((each) => holdsPod(snapshot, each.subject, subject)).sort(comparePolicies)
  let logged = false
  for (const order of new Set(holding.map(({ tier }) => tier.order))) {
    const blocks = holding.filter(({ tier }) => tier.order === order).map((each) => each[flow.direction])
    const rules = blocks.flatMap((block) => block?.rules ?? [])
    const deciding = rules.filter((rule) => ruleHolds(snapshot, rule, { ...flow, subject }))
    const final = deciding.findIndex(({ action }) => action !== "Log")
    logged ||= final > 0 || (final < 0 && deciding.length > 0)
    const action = deciding[final]?.action
    if (action === "Accept" || action === "Deny") return { verdict: action, logged }
    if (action !== "Pass" && blocks.some((block) => block?.isolates)) return { verdict: "Deny", logged }
  }
  return { verdict: "Accept", logged }
}

function comparePolicies(a: PolicyIr, b: PolicyIr): number {
  const names = ({ policy: { kind, namespace, name } }: PolicyIr): string =>
    [kind, namespace, name].join("\0")
  return a.tier.order - b.tier.order || a.order - b.order || (names(a) < names(b) ? -1 : 1)
}

interface SubjectFlow extends Flow {
  readonly subject: Pod
}

function ruleHolds(snapshot: Snapshot, { peers, ports }: Rule, flow: SubjectFlow): boolean {
  if (ports.kind === "any") return peersHold(snapshot, peers, flow.peer)
  if (flow.port === null) return false
  const inRange = rangeHolds(ports, flow)
  if (inRange && peersHold(snapshot, peers, flow.peer)) return true
  if (flow.direction === "ingress") {
    return isServed(ports, flow.subject, flow) && peersHold(snapshot, peers, flow.peer)
  }
  const destination = ownerOf(snapshot, flow.peer)
  if (destination === null || !isServed(ports, destination, flow)) return false
  return peers.kind === "any" || peers.pods.some((each) => holdsPod(snapshot, each, destination))
}

function rangeHolds(ports: Ports, { port }: Flow): boolean {
  if (ports.kind === "any" || port === null) return false
  return ports.ranges.some(
    ({ protocol, from, to }) => protocol === port.protocol && from <= port.number && port.number <= to,
  )
}

function isServed(ports: Ports, pod: Pod, { port }: Flow): boolean {
  if (ports.kind === "any" || port === null) return false
  return ports.names.some(({ name, protocol }) =>
    pod.ports.some((each) => {
      return (
        each.name === name &&
        each.protocol === protocol &&
        protocol === port.protocol &&
        each.port === port.number
      )
    }),
  )
}

function peersHold(snapshot: Snapshot, peers: Peers, address: string): boolean {
  if (peers.kind === "any") return true
  const owner = ownerOf(snapshot, address)
  if (owner !== null && peers.pods.some((each) => holdsPod(snapshot, each, owner))) return true
  return peers.blocks.some((block) => contains(unionOfBlocks([block]), address))
}

function holdsPod(snapshot: Snapshot, { namespaces, pods }: PodExpression, pod: Pod): boolean {
  if (!selects(pods, pod.labels)) return false
  if (namespaces.kind === "name") return namespaces.name === pod.namespace
  return selects(namespaces.selector, namespaceLabels(snapshot, pod.namespace))
}

function namespaceLabels(snapshot: Snapshot, name: string): Labels {
  const found = snapshot.namespaces.find((each) => each.name === name)
  return found?.labels ?? { "kubernetes.io/metadata.name": name }
}
