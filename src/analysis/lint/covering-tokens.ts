// Words under which a rule is filed, so that whatever may cover another rule is found without trying every one.
//
// Whoever covers a rule has one of the words that the rule is looked up by. The other way round it need not be so:
// src/analysis/lint/covers.ts has the last word.

import { parseAddress } from "../../compile/address-ranges.ts"
import type { AddressBlock, Peers, PodExpression, PortRange, Ports } from "../../compile/policy-ir.ts"
import type { Requirement } from "../../compile/selector.ts"
import type { Protocol } from "../../compile/snapshot.ts"
import { intervalsIn, isNobody, namespaceSelector } from "./covers.ts"

const ANY = "any"
/** Of an expression that asks for nothing. */
const EVERYBODY = "everybody"

/** Of each pod expression and block one entry: any one of its lists of words is enough to file it under. */
export function filedPeers(peers: Peers): readonly (readonly (readonly string[])[])[] {
  if (peers.kind === "any") return [[[ANY]]]
  return [...peers.pods.map(requirementWords), ...peers.blocks.map((block) => [[blockWord(block)]])]
}

/** Undefined where everything has to be tried. */
export function soughtPeers(peers: Peers): readonly string[] | undefined {
  if (peers.kind === "any" || isNobody(peers)) return [ANY]
  const [pods] = peers.pods
  const words = pods === undefined ? addressWords(peers.blocks) : givenWords(pods)
  return words === undefined ? undefined : [ANY, ...words]
}

export function filedPorts(ports: Ports): readonly string[] {
  if (ports.kind === "any") return [ANY]
  return [
    ...ports.ranges.flatMap(rangeWords),
    ...ports.names.map(({ protocol, name }) => `${protocol} ${name}`),
  ]
}

/** Undefined where everything has to be tried. */
export function soughtPorts(ports: Ports): readonly string[] | undefined {
  if (ports.kind === "any") return [ANY]
  const [range] = ports.ranges
  if (range !== undefined)
    return range.from > range.to ? undefined : [ANY, ...portWords(range.protocol, range.from)]
  const [named] = ports.names
  if (named === undefined) return [ANY]
  // Every port of the protocol covers its names, too.
  return [ANY, `${named.protocol} ${named.name}`, ...portWords(named.protocol, 1)]
}

// Pods

function requirementWords(expression: PodExpression): readonly (readonly string[])[] {
  const words = sidesOf(expression).flatMap(({ side, selector }) =>
    selector.map((each) => askedWords(each, side)),
  )
  return words.length === 0 ? [[EVERYBODY]] : words
}

function givenWords(expression: PodExpression): readonly string[] | undefined {
  const words = [EVERYBODY]
  for (const { side, selector } of sidesOf(expression)) {
    for (const each of selector) {
      // What nobody can have implies everything.
      if (each.op === "in" && each.values.size === 0) return undefined
      words.push(...impliedWords(each, side))
    }
  }
  return words
}

function sidesOf(expression: PodExpression) {
  return [
    { side: "pod", selector: expression.pods },
    { side: "namespace", selector: namespaceSelector(expression) },
  ] as const
}

function askedWords(wanted: Requirement, side: string): readonly string[] {
  return wanted.op === "in"
    ? Array.from(wanted.values, (value) => valueWord(side, wanted.key, value))
    : [opWord(side, wanted.key, wanted.op)]
}

/** Of the requirements that this one implies, see implies. */
function impliedWords(given: Requirement, side: string): readonly string[] {
  const { key } = given
  switch (given.op) {
    case "exists":
      return [opWord(side, key, "exists")]
    case "missing":
      return [opWord(side, key, "missing"), opWord(side, key, "not-in")]
    case "not-in":
      return [opWord(side, key, "not-in")]
    case "in": {
      const [first = ""] = given.values
      return [valueWord(side, key, first), opWord(side, key, "exists"), opWord(side, key, "not-in")]
    }
  }
}

function opWord(side: string, key: string, op: Requirement["op"]): string {
  return `${side} ${op} ${key}`
}

/** No key has a blank in it that is not between it and its value: at worst two share a word. */
function valueWord(side: string, key: string, value: string): string {
  return `${side} = ${key} ${value}`
}

// Addresses

const V4_BITS = 32
const V6_BITS = 128n

function blockWord({ cidr }: AddressBlock): string {
  const slash = cidr.indexOf("/")
  const length = Number(cidr.slice(slash + 1))
  const first = parseAddress(cidr.slice(0, slash))
  if (first === undefined) return EVERYBODY
  return first.family === "IPv4" ? v4Word(first.value, length) : v6Word(first.value, BigInt(length))
}

/** Of every block that holds their first address. */
function addressWords(blocks: readonly AddressBlock[]): readonly string[] | undefined {
  const { v4, v6 } = intervalsIn(blocks)
  const [first] = v4
  if (first !== undefined) return [EVERYBODY, ...upTo(V4_BITS, (length) => v4Word(first.from, length))]
  const [other] = v6
  if (other === undefined) return undefined
  return [EVERYBODY, ...upTo(Number(V6_BITS), (length) => v6Word(other.from, BigInt(length)))]
}

function v4Word(address: number, length: number): string {
  return `4/${length} ${Math.floor(address / 2 ** (V4_BITS - length))}`
}

function v6Word(address: bigint, length: bigint): string {
  return `6/${length} ${(address >> (V6_BITS - length)).toString(36)}`
}

// Ports

const PORT_BITS = 16

/** The aligned runs of 1, 2, 4... ports that a range is made of: at most two of each length. */
function rangeWords({ protocol, from, to }: PortRange): readonly string[] {
  const words: string[] = []
  let next = from
  while (next <= to) {
    let bits = 0
    while (bits < PORT_BITS && next % 2 ** (bits + 1) === 0 && next + 2 ** (bits + 1) - 1 <= to) bits++
    words.push(portWord(protocol, next, bits))
    next += 2 ** bits
  }
  return words
}

/** Of every run that a port may be in. */
function portWords(protocol: Protocol, port: number): readonly string[] {
  return upTo(PORT_BITS, (bits) => portWord(protocol, port, bits))
}

/** No port name begins with a digit and has a / in it. */
function portWord(protocol: Protocol, port: number, bits: number): string {
  return `${protocol} ${bits}/${Math.floor(port / 2 ** bits)}`
}

function upTo(most: number, word: (bits: number) => string): readonly string[] {
  return Array.from({ length: most + 1 }, (_, bits) => word(bits))
}
