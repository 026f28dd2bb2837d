// A packet as one hook of nf_tables sees it, in words rather than bytes.
//
// What a rule asks for and the packet does not say is an error of the evaluation, never a silent
// mismatch; `fields` says what the named members have no place for.

export interface Packet {
  readonly hook: PacketHook
  /** Whose chains the packet passes: the IP families' and inet, or those of a bridge, of ARP, of a device. */
  readonly layer?: "inet" | "bridge" | "arp" | "netdev"
  readonly family: "ip" | "ip6" | "arp"
  /** Interfaces by name; absent where the hook has none (rules then see an empty name). */
  readonly iifname?: string
  readonly oifname?: string
  /** A name as nft knows it (tcp, ipv6-icmp) or a number. Of ARP packets: nothing. */
  readonly l4proto?: string | number
  readonly source?: string
  readonly destination?: string
  readonly sourcePort?: number
  readonly destinationPort?: number
  readonly tcpFlags?: readonly TcpFlag[]
  readonly icmp?: IcmpHeader
  /** A later fragment carries no transport header: rules that look into one do not match. */
  readonly isLaterFragment?: boolean
  readonly mark?: number
  readonly pkttype?: "host" | "broadcast" | "multicast" | "other"
  readonly ct?: Conntrack
  /** Other header fields by nft's name, such as "ip ttl" or "ether saddr". */
  readonly fields?: Readonly<Record<string, string | number>>
}

export type PacketHook = "prerouting" | "input" | "forward" | "output" | "postrouting" | "ingress" | "egress"

export type TcpFlag = "fin" | "syn" | "rst" | "psh" | "ack" | "urg" | "ecn" | "cwr"

export interface IcmpHeader {
  readonly type: string | number
  readonly code?: string | number
}

/**
 * What connection tracking knows. A packet without it has no entry and no state: rules see "invalid", as
 * the kernel reports what conntrack did not take.
 */
export interface Conntrack {
  readonly state: "new" | "established" | "related" | "invalid" | "untracked"
  readonly mark?: number
  readonly direction?: "original" | "reply"
  readonly status?: readonly ("expected" | "seen-reply" | "assured" | "confirmed" | "snat" | "dnat")[]
  /** Tuples as conntrack keeps them. By default the packet's own addresses, seen from its direction: no NAT. */
  readonly original?: Tuple
  readonly reply?: Tuple
}

export interface Tuple {
  readonly source: string
  readonly destination: string
  readonly sourcePort?: number
  readonly destinationPort?: number
}

/** What lies outside the packet and the ruleset. */
export interface Environment {
  /**
   * Answers a fib lookup: for `type` the address type ("local", "unicast", ...), for `oif` and `oifname` the
   * interface, undefined where there is no route ("missing").
   */
  readonly fib?: (query: FibQuery, packet: Packet) => string | undefined
  /** "matched" (default): rules whose every statement held; "all": the others too; "none": no trace. */
  readonly trace?: "matched" | "all" | "none"
}

export interface FibQuery {
  readonly result: "oif" | "oifname" | "type"
  /** In nft's order: saddr or daddr first, then mark, iif, oif. */
  readonly flags: readonly string[]
}
