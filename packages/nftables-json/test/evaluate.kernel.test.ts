// Random rulesets on a router and real packets through it: every counter of every rule, the verdict and
// the connection's mark must be what the evaluator says.

import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { NftError } from "../src/errors.ts"
import { type Evaluation, evaluate, prepare } from "../src/evaluate.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Conntrack, Environment, Packet } from "../src/packet.ts"
import type { Ruleset, Transaction } from "../src/schema.ts"
import type { CounterHit } from "../src/state.ts"
import type { SendRequest } from "./datagram-sender.ts"
import { PORTS, randomRuleset } from "./random-ruleset.ts"
import { CLIENT, createRouterLab, type RouterLab, SERVER } from "./router-lab.ts"

let lab: RouterLab

beforeAll(async () => {
  lab = await createRouterLab()
})

afterAll(() => {
  lab.remove()
})

interface Flow {
  readonly family: "ip" | "ip6"
  readonly protocol: "udp" | "tcp"
  readonly source: string
  readonly destination: string
  readonly destinationPort: number
  /** Directions of the packets after the first. */
  readonly further: readonly ("original" | "reply")[]
}

const randomFlow: fc.Arbitrary<Flow> = fc.constantFrom<"ip" | "ip6">("ip", "ip6").chain((family) =>
  fc.record({
    family: fc.constant(family),
    protocol: fc.constantFrom<"udp" | "tcp">("udp", "udp", "tcp"),
    source: fc.constantFrom(...CLIENT[family], ...(family === "ip" ? [CLIENT.stray] : [])),
    destination: fc.constantFrom(...SERVER[family]),
    destinationPort: fc.constantFrom(...PORTS),
    further: fc.array(fc.constantFrom<"original" | "reply">("original", "reply"), { maxLength: 3 }),
  }),
)

/** What conntrack keeps of a flow once its first packet has left the router. */
interface Tracked {
  mark: number
  hasReply: boolean
}

let nextPort = 20_000

/** The router's routes: to each address by the interface behind which it is, to the stray none. */
const routes: Environment = {
  fib: ({ result, flags }, packet) => {
    const address = (flags[0] === "saddr" ? packet.source : packet.destination) ?? ""
    if (result === "type") return "unicast"
    const device = address === CLIENT.stray ? undefined : sideOf(address)
    return flags.includes("iif") && device !== packet.iifname ? undefined : device
  },
}

function sideOf(address: string): "left" | "right" {
  return /^(10\.1\.|fd01:|203\.)/.test(address) ? "left" : "right"
}

test("the evaluator and the kernel agree on random rulesets and packets", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31)
  const numRuns = Number(process.env["RUNS"] ?? 40)
  console.info(`evaluator against kernel: SEED=${seed} RUNS=${numRuns}`)
  let packets = 0
  const property = fc.asyncProperty(
    randomRuleset,
    fc.array(randomFlow, { minLength: 3, maxLength: 5 }),
    async (random, flows) => {
      const rules = await load(random)
      const listed = await createOneShot({ command: [...lab.router.enter, "nft"] }).list()
      for (const flow of flows) packets += await judgeFlow(flow, rules, listed)
    },
  )
  await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: 240_000 })
  expect(packets).toBeGreaterThan(numRuns)
}, 300_000)

/** Loads the table; rules that ask for two protocols at once, which nft does not take, are left out. */
async function load(rules: Ruleset): Promise<Ruleset> {
  const nft = createOneShot({ command: [...lab.router.enter, "nft"] })
  const table = { table: { family: "inet", name: "t" } } as const
  const start: Transaction = [{ add: table }, { delete: table }]
  try {
    await nft.run([...start, ...rules.map((object) => ({ add: object }))])
    return rules
  } catch (error) {
    const refused = error instanceof NftError && /conflicting/.test(error.text) ? error.index : undefined
    if (refused === undefined) throw error
    return load(rules.filter((_, i) => i !== refused - start.length))
  }
}

/** Sends the flow's packets one by one; returns how many. */
async function judgeFlow(flow: Flow, rules: Ruleset, listed: Ruleset): Promise<number> {
  nextPort += 1
  const sourcePort = nextPort
  let tracked: Tracked | undefined
  let sent = 0
  for (const direction of ["original" as const, ...flow.further]) {
    // TCP beyond its first packet would need an answer; a reply without an entry is a flow of its own.
    const isPossible =
      direction === "original"
        ? sent === 0 || flow.protocol === "udp"
        : tracked !== undefined && flow.protocol === "udp"
    if (!isPossible || (direction === "reply" && flow.source === CLIENT.stray)) continue
    const packet = packetOf({ flow, direction, sourcePort, tracked })
    const expected = evaluateBoth(rules, packet)
    expect(evaluateBoth(listed, packet)).toEqual(expected)
    const before = await counters()
    await lab.send(direction === "original" ? "client" : "server", requestOf(packet, flow))
    const after = await counters()
    const moved = after.map((count, i) => count - (before[i] ?? 0))
    const { trace } = expected
    expect({ moved, packet, trace }).toEqual({ moved: expected.counts, packet, trace })
    sent += 1
    tracked = trackedAfter({ direction, tracked, expected })
  }
  return sent
}

interface PacketChoice {
  readonly flow: Flow
  readonly direction: "original" | "reply"
  readonly sourcePort: number
  readonly tracked: Tracked | undefined
}

function packetOf({ flow, direction, sourcePort, tracked }: PacketChoice): Packet {
  const isReply = direction === "reply"
  const ends = [
    { address: flow.source, port: sourcePort, device: "left" },
    { address: flow.destination, port: flow.destinationPort, device: "right" },
  ] as const
  const [from, to] = isReply ? [ends[1], ends[0]] : ends
  const isEstablished = isReply || tracked?.hasReply === true
  const ct: Conntrack = { state: isEstablished ? "established" : "new", direction, mark: tracked?.mark ?? 0 }
  return {
    hook: "prerouting",
    family: flow.family,
    iifname: from.device,
    l4proto: flow.protocol,
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
    pkttype: "host",
    ...(flow.protocol === "tcp" ? { tcpFlags: ["syn"] as const } : {}),
    ct,
  }
}

function requestOf(packet: Packet, flow: Flow): SendRequest {
  const { source = "", destination = "", sourcePort = 0, destinationPort = 0 } = packet
  const kind = flow.protocol === "tcp" ? "syn" : "datagram"
  return { kind, source, sourcePort, destination, destinationPort }
}

interface Expected {
  readonly verdict: "accept" | "drop"
  readonly ctMark: number
  readonly isUntracked: boolean
  readonly counts: readonly number[]
  readonly trace: readonly string[]
  /** False where it was dropped before conntrack could see it. */
  readonly isSeen: boolean
}

/** Prerouting, and where the packet passes it, forward. */
function evaluateBoth(rules: Ruleset, packet: Packet): Expected {
  const prepared = prepare(rules)
  const first = evaluate(prepared, packet, routes)
  if (first.verdict === "drop") return { ...expectedOf(rules, [first]), isSeen: false }
  const ct: Conntrack = first.isUntracked
    ? { state: "untracked" }
    : { ...packet.ct, state: packet.ct?.state ?? "new", mark: first.ctMark }
  const forwarded: Packet = {
    ...packet,
    hook: "forward",
    oifname: sideOf(packet.destination ?? ""),
    mark: first.mark,
    ct,
  }
  return { ...expectedOf(rules, [first, evaluate(prepared, forwarded, routes)]), isSeen: !first.isUntracked }
}

function expectedOf(rules: Ruleset, evaluations: readonly Evaluation[]): Omit<Expected, "isSeen"> {
  const last = evaluations.at(-1)
  const hits = evaluations.flatMap((each) => each.counters).filter((hit) => hit.table === "t")
  const steps = evaluations.flatMap((each) => each.trace).filter((step) => step.table === "t")
  return {
    verdict: last?.verdict ?? "accept",
    ctMark: last?.ctMark ?? 0,
    isUntracked: last?.isUntracked ?? false,
    counts: countersOf(rules).map((counter) => hits.filter((hit) => isSameCounter(hit, counter)).length),
    trace: steps.map((step) => `${step.chain}[${step.rule?.index}] ${step.outcome}`),
  }
}

interface CounterPosition {
  readonly chain: string
  readonly rule: number
  readonly statement: number
  readonly packets: number
}

/** Every counter of the table by chain name, because the order of chains in the ruleset does not matter. */
function countersOf(rules: Ruleset): readonly CounterPosition[] {
  const all = rules.flatMap((object) => ("rule" in object && object.rule.table === "t" ? [object.rule] : []))
  const chains = [...new Set(all.map((rule) => rule.chain))].toSorted()
  return chains.flatMap((chain) =>
    all
      .filter((rule) => rule.chain === chain)
      .flatMap(({ expr }, rule) =>
        expr.flatMap((each, statement) =>
          "counter" in each ? [{ chain, rule, statement, packets: packetsOf(each.counter) }] : [],
        ),
      ),
  )
}

function isSameCounter(hit: CounterHit, counter: CounterPosition): boolean {
  return hit.chain === counter.chain && hit.rule === counter.rule && hit.statement === counter.statement
}

async function counters(): Promise<readonly number[]> {
  const nft = createOneShot({ command: [...lab.router.enter, "nft"] })
  const listed = await nft.list({ kind: "table", family: "inet", name: "t" })
  return countersOf(listed).map((counter) => counter.packets)
}

function packetsOf(counter: { readonly packets?: number } | string | null): number {
  return typeof counter === "object" ? (counter?.packets ?? 0) : 0
}

interface Step {
  readonly direction: "original" | "reply"
  readonly tracked: Tracked | undefined
  readonly expected: Expected
}

/** An entry lives from its first packet that leaves the router; its mark and replies count from then on. */
function trackedAfter({ direction, tracked, expected }: Step): Tracked | undefined {
  if (!expected.isSeen) return tracked
  if (tracked === undefined) {
    return expected.verdict === "accept" ? { mark: expected.ctMark, hasReply: false } : undefined
  }
  return { mark: expected.ctMark, hasReply: tracked.hasReply || direction === "reply" }
}
