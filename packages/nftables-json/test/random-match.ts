// Matches at random, about addresses, ports and marks that the packets of the test have.

import * as fc from "fast-check"
import type { Expression, MatchOperator, Statement } from "../src/schema.ts"
import { ct, match, meta, payload, prefix, range } from "./evaluator-inputs.ts"
import { CLIENT, SERVER, SERVICE } from "./router-lab.ts"

export const PORTS = [53, 80, 81, 443, 5000, 5001] as const
export const MARKS = [0, 1, 0x01000000, 0x02000001, 0xff000000] as const

const ADDRESSES4 = [...CLIENT.ip, ...SERVER.ip, CLIENT.stray, SERVICE.address]
const ADDRESSES6 = [...CLIENT.ip6, ...SERVER.ip6]
const BLOCKS4 = [
  prefix("10.1.0.0", 16),
  prefix("10.2.0.0", 24),
  prefix("10.0.0.0", 8),
  range("10.2.0.1", "10.2.1.6"),
]
const BLOCKS6 = [prefix("fd01::", 64), prefix("fd02::1:0", 112), range("fd01::2", "fd02::1")]

const port = fc.constantFrom(...PORTS, SERVICE.port)
const equality = fc.constantFrom<MatchOperator>("==", "!=")
const portBlock: fc.Arbitrary<Expression> = fc.constantFrom<Expression>(
  range(50, 79),
  range(80, 100),
  range(5000, 5001),
)

function subset(values: readonly Expression[]): fc.Arbitrary<Expression> {
  return fc.subarray([...values], { minLength: 1 }).map((chosen) => ({ set: chosen }))
}

/** Keys that hold an address, with what they may be compared with. */
function addressMatch(family: "ip" | "ip6"): fc.Arbitrary<Statement> {
  const [values, blocks, suffix] = family === "ip" ? [ADDRESSES4, BLOCKS4, "4"] : [ADDRESSES6, BLOCKS6, "6"]
  const keys: readonly Expression[] = [
    payload(family, "saddr"),
    payload(family, "daddr"),
    ct(`${family} saddr`, "original"),
    ct(`${family} daddr`, "original"),
    ct(`${family} saddr`, "reply"),
    ct(`${family} daddr`, "reply"),
  ]
  const right = fc.oneof(
    fc.constantFrom<Expression>(...values, ...blocks),
    subset(values),
    fc.constantFrom(`@hash${suffix}`, `@blocks${suffix}`),
  )
  return fc.tuple(fc.constantFrom(...keys), equality, right).map((parts) => match(...parts))
}

const states = ["established", "related", "new", "invalid", "untracked"] as const

export const conntrackMatch: fc.Arbitrary<Statement> = fc.oneof(
  fc
    .subarray([...states], { minLength: 1 })
    .map((chosen) => match(ct("state"), "in", chosen.length === 1 ? (chosen[0] ?? "") : chosen)),
  fc
    .tuple(equality, fc.constantFrom<Expression>(...states))
    .map(([op, state]) => match(ct("state"), op, state)),
  subset(states).map((chosen) => match(ct("state"), "==", chosen)),
  fc
    .tuple(equality, fc.constantFrom("original", "reply"))
    .map(([op, dir]) => match(ct("direction"), op, dir)),
  markMatch(ct("mark")),
)

export function markMatch(key: Expression): fc.Arbitrary<Statement> {
  const mark = fc.constantFrom(...MARKS)
  return fc.oneof(
    fc
      .tuple(fc.constantFrom<MatchOperator>("==", "!=", "<", ">", "<=", ">="), mark)
      .map(([op, value]) => match(key, op, value)),
    fc
      .tuple(equality, mark)
      .map(([op, value]) =>
        match({ "&": [key, 0xff000000] }, op, value & 0xff000000 ? (value & 0xff000000) >>> 0 : 0),
      ),
    fc.tuple(equality, subset(MARKS)).map(([op, values]) => match(key, op, values)),
  )
}

const portKeys = [
  payload("udp", "dport"),
  payload("udp", "sport"),
  payload("tcp", "dport"),
  payload("th", "dport"),
  payload("th", "sport"),
]

export const headerMatch: fc.Arbitrary<Statement> = fc.oneof(
  addressMatch("ip"),
  addressMatch("ip6"),
  fc
    .tuple(
      fc.constantFrom(...portKeys),
      equality,
      fc.oneof(port, portBlock, subset([...PORTS, range(60, 70)])),
    )
    .map((parts) => match(...parts)),
  fc
    .tuple(fc.constantFrom(...portKeys), fc.constantFrom<MatchOperator>("<", ">", "<=", ">="), port)
    .map((parts) => match(...parts)),
  fc
    .tuple(equality, fc.constantFrom<Expression>("tcp", "udp", { set: ["tcp", "icmp"] }))
    .map(([op, right]) => match(meta("l4proto"), op, right)),
  fc.tuple(equality, fc.constantFrom("ipv4", "ipv6")).map(([op, right]) => match(meta("nfproto"), op, right)),
  fc
    .tuple(
      fc.constantFrom("iifname", "oifname"),
      equality,
      fc.constantFrom("left", "right", "lef*", "@interfaces"),
    )
    .map(([key, op, right]) => match(meta(key), op, right)),
  fc.constantFrom<Statement>(
    match({ "&": [payload("tcp", "flags"), ["fin", "syn", "rst", "ack"]] }, "!=", "syn"),
    match(payload("tcp", "flags"), "in", ["syn", "ack"]),
    match(payload("tcp", "flags"), "==", "syn"),
    match(payload("icmp", "type"), "==", "echo-request"),
    match({ concat: [payload("ip", "daddr"), meta("l4proto"), payload("th", "dport")] }, "==", "@named4"),
    match({ concat: [payload("ip", "saddr"), payload("udp", "dport")] }, "==", {
      set: [{ concat: [prefix("10.1.0.0", 31), range(50, 100)] }],
    }),
    match({ fib: { result: "type", flags: ["daddr"] } }, "==", "local"),
    match({ fib: { result: "type", flags: ["saddr"] } }, "==", "unicast"),
    match(meta("pkttype"), "==", "host"),
  ),
)
