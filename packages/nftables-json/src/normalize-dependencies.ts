// The tests that nft adds by itself, and leaves out when it prints a rule.
//
// Behaviour of nft 1.0.6 (payload.c, netlink_delinearize.c): the last test of a layer's protocol goes
// when a header field of that protocol follows with nothing but tests and lookups between. `th` becomes
// the protocol that is known.

import { isList } from "./expression.ts"
import type { Expression, Family, Statement } from "./schema.ts"

export function dropDependencies(family: Family, statements: readonly Statement[]): readonly Statement[] {
  const kept: (Statement | undefined)[] = []
  let network: Pending | undefined
  let transport: Pending | undefined
  let known: string | undefined
  for (const statement of statements) {
    const looked = lookedAt(statement)
    if (looked === undefined) {
      const needsReset = "reject" in statement && statement.reject?.type === "tcp reset" && known !== "tcp"
      if (needsReset) kept.push({ match: TCP_TEST })
      network = transport = undefined
      kept.push(statement)
      continue
    }
    const renamed =
      known === undefined || !PORT_PROTOCOLS.has(known) ? statement : renameTransport(statement, known)
    const protocols = protocolsOf(lookedAt(renamed) ?? looked)
    for (const protocol of protocols) {
      if (network !== undefined && NETWORK[protocol] === network.protocol) network = forget(kept, network)
      if (transport !== undefined && TRANSPORT[protocol] === transport.protocol)
        transport = forget(kept, transport)
      known = TRANSPORT[protocol] ?? known
    }
    const test = dependencyTest(family, renamed)
    if (test?.layer === "network") network = { protocol: test.protocol, at: kept.length }
    if (test?.layer === "transport") {
      known = test.protocol
      if (test.canGo) transport = { protocol: test.protocol, at: kept.length }
    }
    kept.push(renamed)
  }
  return kept.filter((each) => each !== undefined)
}

interface Pending {
  readonly protocol: string
  readonly at: number
}

function forget(kept: (Statement | undefined)[], pending: Pending): undefined {
  kept[pending.at] = undefined
}

const TCP_TEST = { op: "==", left: { meta: { key: "l4proto" } }, right: "tcp" } as const
const PORT_PROTOCOLS: ReadonlySet<string> = new Set(["tcp", "udp", "udplite", "sctp", "dccp"])

/** Network protocol that a header needs, in the words of nfproto. */
const NETWORK: Readonly<Record<string, string>> = {
  ip: "ip",
  ip6: "ip6",
  arp: "arp",
  icmp: "ip",
  icmpv6: "ip6",
}
/** Transport protocol that a header needs, in the words of l4proto. */
const TRANSPORT: Readonly<Record<string, string>> = {
  tcp: "tcp",
  udp: "udp",
  udplite: "udplite",
  sctp: "sctp",
  dccp: "dccp",
  icmp: "icmp",
  icmpv6: "ipv6-icmp",
  igmp: "igmp",
  ah: "ah",
  esp: "esp",
  comp: "ipcomp",
}

/** What a test or lookup looks at; undefined for statements with an effect. */
function lookedAt(statement: Statement): Expression | undefined {
  if ("match" in statement) return statement.match.left
  return "vmap" in statement ? statement.vmap.key : undefined
}

function protocolsOf(expression: Expression): readonly string[] {
  if (typeof expression !== "object") return []
  if (isList(expression)) return expression.flatMap(protocolsOf)
  if ("concat" in expression) return expression.concat.flatMap(protocolsOf)
  if ("payload" in expression) return "protocol" in expression.payload ? [expression.payload.protocol] : []
  if ("&" in expression) return protocolsOf(expression["&"][0])
  if ("|" in expression) return protocolsOf(expression["|"][0])
  if ("^" in expression) return protocolsOf(expression["^"][0])
  return []
}

interface DependencyTest {
  readonly layer: "network" | "transport"
  readonly protocol: string
  /** Tests of a header's own protocol field stay. */
  readonly canGo: boolean
}

function dependencyTest(family: Family, statement: Statement): DependencyTest | undefined {
  if (!("match" in statement) || statement.match.op !== "==") return undefined
  const { left, right } = statement.match
  if (typeof right !== "string" || typeof left !== "object") return undefined
  if ("meta" in left) {
    if (left.meta.key === "l4proto") return { layer: "transport", protocol: right, canGo: true }
    if (left.meta.key === "nfproto")
      return { layer: "network", protocol: NFPROTO[right] ?? right, canGo: true }
    const isLinkFamily = family === "bridge" || family === "netdev"
    if (left.meta.key === "protocol" && isLinkFamily)
      return { layer: "network", protocol: right, canGo: true }
  }
  if (!("payload" in left) || !("protocol" in left.payload)) return undefined
  const field = `${left.payload.protocol} ${left.payload.field}`
  if (field === "ether type") return { layer: "network", protocol: right, canGo: true }
  if (field === "ip protocol" || field === "ip6 nexthdr") {
    return { layer: "transport", protocol: right, canGo: false }
  }
  return undefined
}

const NFPROTO: Readonly<Record<string, string>> = { ipv4: "ip", ipv6: "ip6" }

function renameTransport(statement: Statement, protocol: string): Statement {
  if ("match" in statement) {
    return { match: { ...statement.match, left: renameIn(statement.match.left, protocol) } }
  }
  if (!("vmap" in statement)) return statement
  return { vmap: { ...statement.vmap, key: renameIn(statement.vmap.key, protocol) } }
}

function renameIn(expression: Expression, protocol: string): Expression {
  if (typeof expression !== "object" || isList(expression)) return expression
  if ("concat" in expression) return { concat: expression.concat.map((part) => renameIn(part, protocol)) }
  if ("&" in expression) return { "&": [renameIn(expression["&"][0], protocol), expression["&"][1]] }
  const isTransport =
    "payload" in expression && "protocol" in expression.payload && expression.payload.protocol === "th"
  if (!isTransport || !("field" in expression.payload)) return expression
  return { payload: { protocol, field: expression.payload.field } }
}
