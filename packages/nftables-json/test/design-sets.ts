// Sets and maps of the design's ruleset.

import type { Ruleset } from "../src/schema.ts"
import { concat, goto, jump, prefix, range } from "./commands.ts"

export const place = { family: "inet", table: "postern" } as const

export const SETS: Ruleset = [
  { set: { ...place, name: "revision", type: "mark", elem: [7] } },
  { set: { ...place, name: "pod_interfaces", type: "ifname", elem: ["veth1", "cni0"] } },
  {
    map: {
      ...place,
      name: "egress4",
      type: "ipv4_addr",
      map: "verdict",
      elem: [
        ["10.244.1.2", goto("out_a")],
        ["10.244.1.1", goto("to_ingress")],
      ],
    },
  },
  {
    map: {
      ...place,
      name: "egress6",
      type: "ipv6_addr",
      map: "verdict",
      elem: [["fd00:0:0:0::1", goto("out_a")]],
    },
  },
  {
    map: {
      ...place,
      name: "ingress4",
      type: "ipv4_addr",
      map: "verdict",
      elem: [["10.244.1.1", goto("stamp")]],
    },
  },
  { map: { ...place, name: "ingress6", type: "ipv6_addr", map: "verdict" } },
  {
    set: {
      ...place,
      name: "local4_a",
      type: "ipv4_addr",
      flags: ["interval"],
      elem: [prefix("10.244.1.0", 24), range("10.9.0.0", "10.9.0.7")],
    },
  },
  {
    set: { ...place, name: "local6_a", type: "ipv6_addr", flags: ["interval"], elem: [prefix("fd00::", 64)] },
  },
  { set: { ...place, name: "allow4_a", type: "ipv4_addr", elem: ["10.1.1.2", "10.1.1.1"] } },
  { set: { ...place, name: "allow6_a", type: "ipv6_addr", elem: ["FD00::5"] } },
  {
    set: {
      ...place,
      name: "ranges4_a",
      type: "ipv4_addr",
      flags: ["interval"],
      elem: [range("172.17.0.0", "172.17.0.255"), range("172.17.2.0", "172.17.255.255"), "192.0.2.1"],
    },
  },
  {
    set: {
      ...place,
      name: "named4_a",
      type: ["ipv4_addr", "inet_proto", "inet_service"],
      elem: [concat("10.1.1.1", 6, 8080), concat("10.1.1.1", 132, 9090)],
    },
  },
  {
    map: {
      ...place,
      name: "ports_a",
      type: "inet_service",
      map: "verdict",
      flags: ["interval"],
      elem: [
        [80, goto("to_ingress")],
        [range(8000, 8999), jump("port_a")],
        [9000, jump("port_a")],
      ],
    },
  },
]
