import { expect, test } from "vitest"
import { evaluate, prepare } from "../src/evaluate.ts"
import type { Environment, Packet } from "../src/packet.ts"
import type { Expression, Match } from "../src/schema.ts"
import { baseChain, ct, drop, match, meta, payload, ruleset, tcp, udp6 } from "./evaluator-inputs.ts"

function holds(
  left: Expression,
  op: Match["op"],
  right: Expression,
  packet: Packet,
  environment?: Environment,
): boolean {
  const prepared = prepare(ruleset(baseChain({ name: "c" }, [match(left, op, right), drop])))
  return evaluate(prepared, packet, environment).verdict === "drop"
}

const saddr = payload("ip", "saddr")
const dport = payload("tcp", "dport")
const { destinationPort: _, ...withoutPort } = tcp

const local: Environment = {
  fib: ({ result, flags }) => {
    if (result === "type") return flags[0] === "daddr" ? "local" : "unicast"
    return flags.includes("iif") ? undefined : "eth0"
  },
}

test.for<readonly [string, Expression, Match["op"], Expression, boolean]>([
  ["the type of an address", { fib: { result: "type", flags: ["daddr"] } }, "==", "local", true],
  ["the type of the other address", { fib: { result: "type", flags: "saddr" } }, "==", "local", false],
  ["missing", { fib: { result: "oif", flags: ["saddr", "iif"] } }, "==", false, true],
  ["exists", { fib: { result: "oif", flags: ["saddr", "iif"] } }, "==", true, false],
  ["exists, for another question", { fib: { result: "oif", flags: ["saddr"] } }, "==", true, true],
  ["the interface's name", { fib: { result: "oifname", flags: ["saddr"] } }, "==", "eth0", true],
])("fib: %s", ([, left, op, right, expected]) => {
  expect(holds(left, op, right, tcp, local)).toBe(expected)
})

test.for<readonly [string, Expression, Match["op"], Expression, Packet, RegExp]>([
  [
    "a fib lookup without an environment",
    { fib: { result: "type", flags: ["daddr"] } },
    "==",
    "local",
    tcp,
    /no environment/,
  ],
  ["an unknown expression", { numgen: { mode: "random", mod: 2 } }, "==", 0, tcp, /numgen/],
  ["an unknown meta key", meta("cgroup"), "==", 0, tcp, /meta cgroup/],
  ["an unknown ct key", ct("helper"), "==", "ftp", tcp, /helper/],
  ["an unknown protocol", payload("quic", "dport"), "==", 0, tcp, /quic/],
  ["a field that the packet does not say", payload("ip", "ttl"), "==", 64, tcp, /ip ttl/],
  ["a port that the packet does not say", dport, "==", 80, withoutPort, /destinationPort/],
  ["a constant of another type", saddr, "==", "fd00::1", tcp, /ipv4_addr/],
  ["a host name", saddr, "==", "localhost", tcp, /localhost/],
  ["a set that is not there", saddr, "==", "@missing", tcp, /@missing/],
  [
    "a raw payload that the packet does not say",
    { payload: { base: "th", offset: 0, len: 16 } },
    "==",
    1,
    tcp,
    /@th,0,16/,
  ],
])("%s is an error, never a mismatch", ([, left, op, right, packet, expected]) => {
  expect(() => holds(left, op, right, packet)).toThrow(expected)
})

test("a rule behind a mismatch is not asked what it cannot say", () => {
  expect(holds(payload("ip", "ttl"), "==", 64, udp6)).toBe(false)
})
