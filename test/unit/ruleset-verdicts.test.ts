import * as fc from "fast-check"
import { evaluate, prepare } from "nftables-json/evaluate"
import type { Conntrack, Environment, Packet } from "nftables-json/packet"
import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import type { Run } from "../../src/compile/program.ts"
import { MAXIMUM_SEGMENTS } from "../../src/compile/ruleset/class-chain.ts"
import { explainNames } from "../../src/compile/ruleset/explain-names.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { programOf, runOf, stageOf } from "../programs.ts"
import { accepts, type Flow, LOCAL, observations, programAndFlows } from "./ruleset-programs.ts"

const environment: Environment = { fib: () => "unicast", trace: "none" }
const CLIENT_PORT = 40000
const IN_FORCE = 0x01000000

const words = { TCP: "tcp", UDP: "udp", SCTP: "sctp", ICMP: "icmp", OTHER: 253 } as const

/** The request of the flow as the forward hook sees it: pods behind veths, the rest behind eth0. */
function request(flow: Flow, ct: Conntrack): Packet {
  const isIPv6 = flow.source.includes(":")
  return {
    hook: "forward",
    family: isIPv6 ? "ip6" : "ip",
    iifname: interfaceOf(flow.source),
    oifname: interfaceOf(flow.destination),
    source: flow.source,
    destination: flow.destination,
    l4proto: flow.protocol === "ICMP" && isIPv6 ? "ipv6-icmp" : words[flow.protocol],
    ...(flow.protocol === "ICMP" ? { icmp: { type: isIPv6 ? 128 : 8 } } : {}),
    ...(flow.protocol in { TCP: 0, UDP: 0, SCTP: 0 }
      ? { sourcePort: CLIENT_PORT, destinationPort: flow.port }
      : {}),
    tcpFlags: ct.state === "new" ? ["syn"] : ["ack"],
    ct,
  }
}

function answer(flow: Flow, ct: Conntrack): Packet {
  const { source, destination, iifname, oifname, ...rest } = request(flow, ct)
  const hasPorts = rest.sourcePort !== undefined
  return {
    ...rest,
    ...(source === undefined || destination === undefined
      ? {}
      : { source: destination, destination: source }),
    ...(iifname === undefined || oifname === undefined ? {} : { iifname: oifname, oifname: iifname }),
    ...(hasPorts ? { sourcePort: flow.port, destinationPort: CLIENT_PORT } : {}),
    ...(flow.protocol === "ICMP" ? { icmp: { type: source?.includes(":") === true ? 129 : 0 } } : {}),
    ct: { ...ct, direction: "reply" },
  }
}

function interfaceOf(address: string): string {
  const pod = LOCAL.indexOf(address) % 3
  return pod < 0 ? "eth0" : `veth${pod}`
}

/** Through a Service: what the client asked for was another address and port, and later its own is replaced too. */
function translated(flow: Flow): Partial<Conntrack> {
  const service = flow.source.includes(":") ? "fd00:96::1" : "10.96.0.1"
  const node = flow.source.includes(":") ? "fd00:172::1" : "172.31.0.1"
  return {
    original: { source: flow.source, destination: service, sourcePort: CLIENT_PORT, destinationPort: 7 },
    reply: { source: flow.destination, destination: node, sourcePort: flow.port, destinationPort: 50000 },
  }
}

function withInterfaces(ruleset: Ruleset): Ruleset {
  return ruleset.map((object) =>
    "set" in object && object.set.name === "pod_interfaces"
      ? { set: { ...object.set, elem: ["veth0", "veth1", "veth2"] } }
      : object,
  )
}

type MakePacket = (flow: Flow) => Packet

const TIMEOUT = 180_000

test.for<[string, MakePacket]>([
  ["the first packet of a flow", (flow) => request(flow, { state: "new" })],
  [
    "a packet of an established flow with another generation's mark",
    (flow) => request(flow, { state: "established", mark: 0x07000000 }),
  ],
  ["an answer without a mark", (flow) => answer(flow, { state: "established" })],
  ["the first packet through a Service", (flow) => request(flow, { state: "new", ...translated(flow) })],
  ["an answer from behind a Service", (flow) => answer(flow, { state: "established", ...translated(flow) })],
  ["an untracked packet", (flow) => request(flow, { state: "untracked" })],
])("%s is judged as the rules of the IR say", { timeout: TIMEOUT }, ([, packetOf]) => {
  fc.assert(
    fc.property(programAndFlows, ([source, flows]) => {
      const prepared = prepare(withInterfaces(renderNode(programOf(source), "node", defaultRulesetOptions)))
      for (const flow of flows) {
        const { verdict } = evaluate(prepared, packetOf(flow), environment)
        expect({ flow, verdict }).toStrictEqual({ flow, verdict: accepts(source, flow) ? "accept" : "drop" })
      }
    }),
    { numRuns: 120 },
  )
})

test("what an observed pod would be denied is let through and counted once", { timeout: TIMEOUT }, () => {
  const seen = { egress: 0, ingress: 0 }
  fc.assert(
    fc.property(programAndFlows, ([source, flows]) => {
      const prepared = prepare(withInterfaces(renderNode(programOf(source), "node", defaultRulesetOptions)))
      for (const flow of flows.filter((each) => accepts(source, each))) {
        for (const state of ["new", "untracked"] as const) {
          const { log } = evaluate(prepared, request(flow, { state }), environment)
          const counted = (direction: string): number =>
            log.filter(({ prefix }) => prefix?.startsWith(`postern:observe:${direction}:`)).length
          const expected = observations(source, flow)
          expect({ egress: counted("egress"), ingress: counted("ingress") }).toStrictEqual(expected)
          seen.egress += expected.egress
          seen.ingress += expected.ingress
        }
      }
    }),
    { numRuns: 100 },
  )
  expect(Math.min(seen.egress, seen.ingress)).toBeGreaterThan(10)
})

const everyTcpPort = { protocol: "TCP", from: 0, to: 65535 } as const
const strangers = {
  kind: "some",
  pods: null,
  ranges: { v4: [{ from: "192.0.2.0", to: "192.0.2.255" }], v6: [] },
} as const

test.for<[string, Run["action"], Run["action"], "accept" | "drop"]>([
  ["Deny before Accept", "Deny", "Accept", "drop"],
  ["Accept before Deny", "Accept", "Deny", "accept"],
  ["Deny before Pass", "Deny", "Pass", "drop"],
  ["Accept before Pass", "Accept", "Pass", "accept"],
])(
  "an untracked packet meets rules in their order, though the second is of a whole protocol: %s",
  ([, first, second, expected]) => {
    const runs = [
      runOf(first, { ports: [{ ...everyTcpPort, peers: strangers }] }),
      runOf(second, { ports: [{ ...everyTcpPort, peers: { kind: "any" } }] }),
    ]
    const ingress = [stageOf(runs, [], 100), stageOf([], ["policy"])]
    const program = programOf({ pods: [{ addresses: ["10.244.1.2"], ingress }] })
    const prepared = prepare(renderNode(program, "node", defaultRulesetOptions))
    const flow: Flow = { source: "192.0.2.1", destination: "10.244.1.2", protocol: "TCP", port: 80 }
    expect(evaluate(prepared, request(flow, { state: "untracked" }), environment).verdict).toBe(expected)
  },
)

test("what is accepted carries the generation, and what is denied does not", { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(programAndFlows, ([source, flows]) => {
      const prepared = prepare(withInterfaces(renderNode(programOf(source), "node", defaultRulesetOptions)))
      for (const flow of flows) {
        const { verdict, ctMark } = evaluate(
          prepared,
          request(flow, { state: "new", mark: 0x42 }),
          environment,
        )
        const isPods = [flow.source, flow.destination].some((address) => LOCAL.includes(address))
        expect(ctMark).toBe(verdict === "accept" && isPods ? IN_FORCE + 0x42 : 0x42)
      }
    }),
    { numRuns: 100 },
  )
})

test.for<[string, number, boolean]>([
  ["as many tiers with Pass as a class may have are judged", MAXIMUM_SEGMENTS, true],
  ["one more denies everything, and says why", MAXIMUM_SEGMENTS + 1, false],
])("%s", ([, count, isJudged]) => {
  // Enough for port maps, whose chains would count twice as many levels if they led from tier to tier.
  const ports = Array.from({ length: 9 }, (_, i) => {
    return {
      protocol: "TCP" as const,
      from: 10 * i,
      to: 10 * i,
      peers: { kind: "some" as const, pods: "web", ranges: null },
    }
  })
  const ingress = Array.from({ length: count }, (_, order) => stageOf([runOf("Pass", { ports })], [], order))
  const program = programOf({ pods: [{ addresses: ["10.244.1.2"], ingress }], sets: { web: [] } })
  const prepared = prepare(renderNode(program, "node", defaultRulesetOptions))
  const flow: Flow = { source: "192.0.2.1", destination: "10.244.1.2", protocol: "TCP", port: 80 }
  const { verdict } = evaluate(prepared, request(flow, { state: "new" }), environment)
  const reasons = [...explainNames(program, "node", defaultRulesetOptions).values()].map(({ by }) => by)
  expect([verdict, reasons.includes("limit")]).toStrictEqual([isJudged ? "accept" : "drop", !isJudged])
})
