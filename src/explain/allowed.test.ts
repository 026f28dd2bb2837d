import * as fc from "fast-check"
import { expect, test } from "vitest"
import { networkPolicy, pod, snapshot } from "../../test/snapshots.ts"
import type { Labels, Protocol } from "../compile/snapshot.ts"
import { allowed, type PortInterval } from "./allowed.ts"
import { judgeConnection } from "./evaluate.ts"
import type { Port } from "./judge.ts"
import { networkPolicyJudge } from "./networkpolicy.ts"
import { connectionsOf } from "./verdict.ts"
import { createWorld } from "./world.ts"

const client = pod("client", { addresses: ["10.0.0.1"] })
const server = pod("server", {
  addresses: ["10.0.0.2"],
  ports: [
    { name: "http", protocol: "TCP", port: 8080 },
    { name: "dns", protocol: "UDP", port: 53 },
  ],
})

function pairWith(ports: readonly (readonly unknown[] | null)[], labels: Labels = {}) {
  const policies = ports.map((each, i) => {
    const ingress = each === null ? [] : [{ ports: each }]
    return networkPolicy(`policy-${i}`, { podSelector: { matchLabels: { app: "server" } }, ingress })
  })
  const world = createWorld(
    snapshot({ namespaces: { shop: labels }, pods: [client, server], policies }),
    () => networkPolicyJudge,
  )
  const flow = { from: { kind: "pod" as const, pod: client }, to: { kind: "pod" as const, pod: server } }
  const [pair] = connectionsOf({ ...flow, port: { kind: "other", protocol: "ICMP" } }, world)
  if (pair === undefined) throw new Error("no pair")
  return { pair, world }
}

const everything: readonly PortInterval[] = [{ from: 0, to: 65535 }]

test.for<[string, readonly (readonly unknown[] | null)[], ReturnType<typeof allowed>]>([
  [
    "without a policy everything",
    [],
    { TCP: everything, UDP: everything, SCTP: everything, other: true, observed: false },
  ],
  ["a policy without rules: nothing", [null], { TCP: [], UDP: [], SCTP: [], other: false, observed: false }],
  [
    "a rule without ports: everything",
    [[]],
    { TCP: everything, UDP: everything, SCTP: everything, other: true, observed: false },
  ],
  [
    "neighbouring and overlapping ranges are one",
    [[{ port: 80 }, { port: 81, endPort: 90 }], [{ port: 85, endPort: 100 }]],
    { TCP: [{ from: 80, to: 100 }], UDP: [], SCTP: [], other: false, observed: false },
  ],
  [
    "a name is the destination's number",
    [[{ port: "http" }, { port: "dns", protocol: "UDP" }, { port: "dns" }]],
    { TCP: [{ from: 8080, to: 8080 }], UDP: [{ from: 53, to: 53 }], SCTP: [], other: false, observed: false },
  ],
  [
    "every port of one protocol",
    [[{ protocol: "SCTP" }, { port: 65535, protocol: "UDP" }]],
    { TCP: [], UDP: [{ from: 65535, to: 65535 }], SCTP: everything, other: false, observed: false },
  ],
])("%s", ([, ports, expected]) => {
  const { pair, world } = pairWith(ports)
  expect(allowed(pair, world)).toEqual(expected)
})

test("observed, everything, and it is said that some of it would be denied", () => {
  const labels = { "postern.dev/enforcement": "observe" }
  const { pair, world } = pairWith([null], labels)
  const all = { TCP: everything, UDP: everything, SCTP: everything, other: true }
  expect(allowed(pair, world)).toEqual({ ...all, observed: true })
  expect(allowed(pair, pairWith([[]], labels).world)).toEqual({ ...all, observed: false })
})

const protocol = fc.constantFrom<Protocol>("TCP", "UDP", "SCTP")
const number = fc.integer({ min: 1, max: 65535 })
const portEntry = fc.oneof(
  fc.record({ protocol, port: number }),
  fc.record({ protocol, port: number, endPort: number }),
  fc.record({ protocol, port: fc.constantFrom("http", "dns", "nobody") }),
  fc.record({ protocol }),
)
const portLists = fc.array(fc.option(fc.array(portEntry, { maxLength: 4 })), { maxLength: 3 })

test("allowed agrees with verdict on every port", () => {
  fc.assert(
    fc.property(
      portLists,
      fc.array(fc.record({ protocol, port: fc.nat(65535) }), { minLength: 20 }),
      (lists, sample) => {
        const { pair, world } = pairWith(lists)
        const answer = allowed(pair, world)
        const edges = (["TCP", "UDP", "SCTP"] as const).flatMap((protocol) =>
          answer[protocol].flatMap(({ from, to }) =>
            [from - 1, from, to, to + 1].map((port) => ({ protocol, port })),
          ),
        )
        for (const { protocol, port } of [...sample, ...edges]) {
          if (port < 0 || port > 65535) continue
          const asked: Port = { kind: "port", protocol, port }
          const inside = answer[protocol].some(({ from, to }) => from <= port && port <= to)
          expect(judgeConnection({ ...pair, port: asked }, world).verdict).toBe(inside ? "Allow" : "Deny")
        }
        const ping = judgeConnection({ ...pair, port: { kind: "other", protocol: "ICMP" } }, world)
        expect(ping.verdict).toBe(answer.other ? "Allow" : "Deny")
      },
    ),
  )
})
