// The names that nft gives to numbers, per data type: what `nft describe` prints (1.0.6).
//
// The first name of a number is the one nft prints; the others are read as well. Protocols are not
// nft's own but the host's /etc/protocols: those listed are the same on every distribution.

export interface Symbols {
  readonly numbers: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<number, string>
}

/** The symbols of a data type; undefined for types whose values have no names. */
export function symbolsOf(type: string): Symbols | undefined {
  return SYMBOLS.get(type)
}

const ROWS: Readonly<Record<string, string>> = {
  inet_proto:
    "icmp 1, igmp 2, ipencap 4, tcp 6, udp 17, dccp 33, ipv6 41, ipv6-route 43, ipv6-frag 44, gre 47, esp 50, " +
    "ah 51, ipv6-icmp 58, icmpv6 58, ipv6-nonxt 59, ipv6-opts 60, pim 103, ipcomp 108, comp 108, vrrp 112, " +
    "sctp 132, udplite 136",
  nf_proto: "ipv4 2, ipv6 10",
  ether_type: "ip 2048, arp 2054, ip6 34525, 8021q 33024, vlan 33024, 8021ad 34984",
  icmp_type:
    "echo-reply 0, destination-unreachable 3, source-quench 4, redirect 5, echo-request 8, " +
    "router-advertisement 9, router-solicitation 10, time-exceeded 11, parameter-problem 12, " +
    "timestamp-request 13, timestamp-reply 14, info-request 15, info-reply 16, address-mask-request 17, " +
    "address-mask-reply 18",
  icmp_code:
    "net-unreachable 0, host-unreachable 1, prot-unreachable 2, port-unreachable 3, frag-needed 4, " +
    "net-prohibited 9, host-prohibited 10, admin-prohibited 13",
  icmpv6_type:
    "destination-unreachable 1, packet-too-big 2, time-exceeded 3, parameter-problem 4, echo-request 128, " +
    "echo-reply 129, mld-listener-query 130, mld-listener-report 131, mld-listener-done 132, " +
    "mld-listener-reduction 132, nd-router-solicit 133, nd-router-advert 134, nd-neighbor-solicit 135, " +
    "nd-neighbor-advert 136, nd-redirect 137, router-renumbering 138, ind-neighbor-solicit 141, " +
    "ind-neighbor-advert 142, mld2-listener-report 143",
  icmpv6_code:
    "no-route 0, admin-prohibited 1, addr-unreachable 3, port-unreachable 4, policy-fail 5, reject-route 6",
  icmpx_code: "no-route 0, port-unreachable 1, host-unreachable 2, admin-prohibited 3",
  igmp_type:
    "membership-query 17, membership-report-v1 18, membership-report-v2 22, leave-group 23, " +
    "membership-report-v3 34",
  arp_op: "request 1, reply 2, rrequest 3, rreply 4, inrequest 8, inreply 9, nak 10",
  pkt_type: "host 0, unicast 0, broadcast 1, multicast 2, other 3",
  fib_addrtype:
    "unspec 0, unicast 1, local 2, broadcast 3, anycast 4, multicast 5, blackhole 6, unreachable 7, prohibit 8",
  ct_dir: "original 0, reply 1",
  // Every network namespace has its loopback at index 1; other indices are not the same anywhere else.
  iface_index: "lo 1",
  // Names that nft resolves by the host's /etc/services; it always prints the number.
  inet_service:
    "ftp 21, ssh 22, telnet 23, smtp 25, domain 53, bootps 67, bootpc 68, tftp 69, http 80, kerberos 88, " +
    "pop3 110, ntp 123, imap2 143, snmp 161, bgp 179, ldap 389, https 443, syslog 514, ldaps 636, imaps 993, " +
    "mysql 3306, postgresql 5432",
  dscp:
    "cs0 0, df 0, be 0, lephb 1, cs1 8, af11 10, af12 12, af13 14, cs2 16, af21 18, af22 20, af23 22, " +
    "cs3 24, af31 26, af32 28, af33 30, cs4 32, af41 34, af42 36, af43 38, cs5 40, va 44, ef 46, cs6 48, cs7 56",
  ct_state: "invalid 1, established 2, related 4, new 8, untracked 64",
  ct_status: "expected 1, seen-reply 2, assured 4, confirmed 8, snat 16, dnat 32, dying 512",
  tcp_flag: "fin 1, syn 2, rst 4, psh 8, ack 16, urg 32, ecn 64, cwr 128",
}

const SYMBOLS: ReadonlyMap<string, Symbols> = new Map(
  Object.entries(ROWS).map(([type, row]) => [type, readRow(row)]),
)

function readRow(row: string): Symbols {
  const numbers = new Map<string, number>()
  const names = new Map<number, string>()
  for (const entry of row.split(", ")) {
    const [name = "", digits] = entry.split(" ")
    const number = Number(digits)
    numbers.set(name, number)
    if (!names.has(number)) names.set(number, name)
  }
  return { numbers, names }
}
