// What rendered rules must allow and deny between the ends of the small lab.

import { unionOfBlocks } from "../../src/compile/address-ranges.ts"
import type { PeerUnion, PortGroup, Stage } from "../../src/compile/program.ts"
import type { Protocol } from "../../src/compile/snapshot.ts"
import type { ProbeProtocol } from "../../src/lab/lab.ts"
import { runOf, stageOf } from "../programs.ts"
import type { Enforcement } from "./enforced.ts"

const any: PeerUnion = { kind: "any" }
const clients: PeerUnion = { kind: "some", pods: "clients", ranges: null }
const PROTOCOLS: readonly ProbeProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "OTHER"]

/** Two of each node, one stray of each, and who is outside: name to addresses of both families. */
export const ends = {
  a: ["10.244.1.10", "fd00:10:244:1::10"],
  b: ["10.244.1.11", "fd00:10:244:1::11"],
  c: ["10.244.2.10", "fd00:10:244:2::10"],
  d: ["10.244.2.11", "fd00:10:244:2::11"],
  strayBridged: ["10.9.8.7", "fd00:9::7"],
  strayRouted: ["10.9.8.8", "fd00:9::8"],
  outside: ["203.0.113.10", "2001:db8:113::10"],
  bridgedNode: ["172.31.0.11", "fd00:172:31::11"],
  routedNode: ["172.31.0.12", "fd00:172:31::12"],
} as const
type End = keyof typeof ends
/** From, to. A protocol without ports is never tried both ways: conntrack takes the second for an answer to the first. */
type Probe = readonly [End, End, ProbeProtocol, number]

const isolated = (...runs: Stage["runs"]): readonly Stage[] => [stageOf(runs, ["policy"])]
const clientsOnly = isolated(runOf("Accept", { everyPort: clients }))
const sets = { clients: [...ends.b, ...ends.c] }

function port(protocol: Protocol, from: number, to = from, peers: PeerUnion = any): PortGroup {
  return { protocol, from, to, peers }
}

const everyProtocol = (from: End, to: End) => PROTOCOLS.map((protocol): Probe => [from, to, protocol, 8080])
const withPorts = (from: End, to: End) => everyProtocol(from, to).slice(0, -1)

export interface Case {
  readonly rules: Enforcement
  readonly allowed: readonly Probe[]
  readonly denied: readonly Probe[]
}

export const cases: Readonly<Record<string, Case>> = {
  "an ingress class admits its peers by every protocol, on a bridge and from another node, and nobody else": {
    rules: { pods: { "lab/a": { ingress: clientsOnly } }, sets },
    allowed: [
      ...everyProtocol("b", "a"),
      ...everyProtocol("c", "a"),
      ...everyProtocol("a", "strayRouted"),
      ...everyProtocol("a", "bridgedNode"),
    ],
    denied: [
      ...everyProtocol("d", "a"),
      ...everyProtocol("outside", "a"),
      ...everyProtocol("strayBridged", "a"),
      ...everyProtocol("routedNode", "a"),
    ],
  },
  "an egress class admits its peers, on routed veths and to another node, and nobody else": {
    rules: { pods: { "lab/d": { egress: clientsOnly } }, sets },
    allowed: [...everyProtocol("d", "b"), ...everyProtocol("d", "c"), ...everyProtocol("strayBridged", "d")],
    denied: [
      ...everyProtocol("d", "a"),
      ...everyProtocol("d", "outside"),
      ...everyProtocol("d", "strayRouted"),
      ...everyProtocol("d", "routedNode"),
    ],
  },
  "both ends must accept": {
    rules: { pods: { "lab/a": { egress: clientsOnly }, "lab/b": { ingress: isolated() } }, sets },
    allowed: everyProtocol("a", "c"),
    denied: everyProtocol("a", "b"),
  },
  "a pod outside its node's ranges is a subject like any other": {
    rules: {
      pods: { "lab/stray-bridged": { ingress: clientsOnly }, "lab/stray-routed": { egress: clientsOnly } },
      sets,
    },
    allowed: [...everyProtocol("b", "strayBridged"), ...everyProtocol("strayRouted", "c")],
    denied: [...everyProtocol("a", "strayBridged"), ...everyProtocol("strayRouted", "d")],
  },
  "ports are those of one protocol, ICMP has none, and ranges include both ends": {
    rules: {
      pods: {
        "lab/a": {
          ingress: isolated(
            runOf("Accept", { ports: [port("TCP", 80), port("UDP", 5000, 5010), port("SCTP", 0, 65535)] }),
          ),
        },
      },
    },
    allowed: [
      ["d", "a", "TCP", 80],
      ["b", "a", "UDP", 5000],
      ["b", "a", "UDP", 5010],
      ["d", "a", "SCTP", 9999],
      ["b", "a", "SCTP", 80],
    ],
    denied: [
      ["d", "a", "TCP", 81],
      ["d", "a", "UDP", 80],
      ["b", "a", "UDP", 4999],
      ["b", "a", "UDP", 5011],
      ["b", "a", "ICMP", 0],

      ["b", "a", "TCP", 5000],
    ],
  },
  "many ports are looked up in a map, with the peers of each": {
    rules: {
      pods: {
        "lab/a": {
          ingress: isolated(
            runOf("Accept", {
              ports: [
                port("TCP", 1, 79),
                port("TCP", 80, 80, clients),
                port("TCP", 90, 99),
                port("TCP", 443),
                port("TCP", 8000, 65535, clients),
              ],
            }),
          ),
        },
        "lab/c": {
          egress: isolated(
            runOf("Accept", {
              ports: [
                port("UDP", 1, 79),
                port("UDP", 80, 80, clients),
                port("UDP", 90, 99),
                port("UDP", 443),
                port("UDP", 8000, 65535, clients),
              ],
            }),
          ),
        },
      },
      sets,
    },
    allowed: [
      ["d", "a", "TCP", 79],
      ["b", "a", "TCP", 80],
      ["d", "a", "TCP", 95],
      ["d", "a", "TCP", 443],
      ["c", "b", "UDP", 8000],
      ["c", "d", "UDP", 99],
      ["c", "b", "UDP", 65535],
    ],
    denied: [
      ["d", "a", "TCP", 80],
      ["b", "a", "TCP", 81],
      ["b", "a", "TCP", 7999],
      ["d", "a", "TCP", 9000],
      ["c", "d", "UDP", 80],
      ["c", "b", "UDP", 81],
      ["c", "b", "TCP", 8000],
    ],
  },
  "named ports hold for the address, protocol and number together": {
    rules: {
      pods: {
        "lab/b": { egress: isolated(runOf("Accept", { named: "http" })) },
        "lab/d": { egress: isolated(runOf("Accept", { named: "http" })) },
      },
      named: {
        http: [
          ...ends.a.map((address) => ({ address, protocol: "TCP" as const, port: 8080 })),
          ...ends.c.map((address) => ({ address, protocol: "SCTP" as const, port: 9000 })),
        ],
      },
    },
    allowed: [
      ["b", "a", "TCP", 8080],
      ["d", "a", "TCP", 8080],
      ["b", "c", "SCTP", 9000],
      ["d", "c", "SCTP", 9000],
    ],
    denied: [
      ["b", "a", "TCP", 9000],
      ["b", "a", "UDP", 8080],
      ["b", "c", "TCP", 8080],
      ["d", "c", "SCTP", 8080],
      ["d", "a", "ICMP", 0],
    ],
  },
  "address blocks leave their excepts out": {
    rules: {
      pods: {
        "lab/a": {
          ingress: isolated(
            runOf("Accept", {
              everyPort: {
                kind: "some",
                pods: null,
                ranges: unionOfBlocks([
                  { cidr: "10.0.0.0/8", except: ["10.244.2.11/32"] },
                  { cidr: "fd00::/8", except: ["fd00:10:244:2::11/128"] },
                ]),
              },
            }),
          ),
        },
      },
    },
    allowed: [...everyProtocol("b", "a"), ...everyProtocol("c", "a"), ...everyProtocol("strayRouted", "a")],
    denied: [...everyProtocol("d", "a"), ...everyProtocol("outside", "a")],
  },
  "tiers come in order: what is denied first is denied, what passes is left to the next": {
    rules: {
      pods: {
        "lab/a": {
          ingress: [
            stageOf(
              [
                runOf("Deny", { ports: [port("TCP", 22)] }),
                runOf("Pass", { ports: [port("TCP", 23)] }),
                runOf("Accept", { ports: [port("TCP", 20, 30)] }),
              ],
              [],
              100,
            ),
            stageOf([runOf("Accept", { everyPort: clients })], ["policy"], 200),
          ],
          egress: [
            stageOf(
              [
                runOf("Deny", { ports: [port("TCP", 22)] }),
                runOf("Pass", { ports: [port("TCP", 23)] }),
                runOf("Accept", { ports: [port("TCP", 20, 30)] }),
              ],
              [],
              100,
            ),
            stageOf([runOf("Accept", { everyPort: clients })], ["policy"], 200),
          ],
        },
      },
      sets,
    },
    allowed: [
      ["d", "a", "TCP", 21],
      ["b", "a", "TCP", 23],
      ["b", "a", "UDP", 1],
      ["a", "d", "TCP", 21],
      ["a", "b", "TCP", 23],
      ["a", "c", "ICMP", 0],
    ],
    denied: [
      ["b", "a", "TCP", 22],
      ["d", "a", "TCP", 23],
      ["d", "a", "UDP", 1],
      ["a", "b", "TCP", 22],
      ["a", "d", "TCP", 23],
      ["a", "d", "ICMP", 0],
    ],
  },
  "a pod that the program does not know reaches nobody and is reached by nobody but its node": {
    rules: { unknown: ["lab/b", "lab/c", "lab/stray-bridged", "lab/stray-routed"] },
    allowed: [
      ...everyProtocol("a", "d"),
      ["bridgedNode", "b", "TCP", 8080],
      ["routedNode", "c", "TCP", 8080],
      ["bridgedNode", "strayBridged", "TCP", 8080],
    ],
    denied: (["b", "c", "strayBridged", "strayRouted"] as const).flatMap((end) => [
      ...everyProtocol(end, "a"),
      ...everyProtocol("a", end),
      ...everyProtocol(end, "d"),
      ...everyProtocol("d", end),
      ...everyProtocol(end, "outside"),
      ...everyProtocol("outside", end),
      ...everyProtocol(end, "bridgedNode"),
      ...everyProtocol(end, "routedNode"),
    ]),
  },
  "a node reaches its own pods whatever they are isolated by, and another node's are judged": {
    rules: {
      pods: {
        "lab/a": { ingress: isolated(), egress: isolated() },
        "lab/c": { ingress: isolated(), egress: isolated() },
      },
    },
    allowed: [
      ...everyProtocol("bridgedNode", "a"),
      ...everyProtocol("routedNode", "c"),
      ...everyProtocol("bridgedNode", "routedNode"),
    ],
    denied: [
      ...everyProtocol("bridgedNode", "c"),
      ...everyProtocol("routedNode", "a"),
      ...withPorts("a", "bridgedNode"),
      ...withPorts("c", "routedNode"),
    ],
  },
}
