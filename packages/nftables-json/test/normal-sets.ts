// Ways to write the same set: what is sent, and its normal form.

import type { RulesetObject } from "../src/schema.ts"
import { concat, elements, map, prefix, range, set } from "./commands.ts"

export interface SetRow {
  readonly name: string
  readonly written: readonly RulesetObject[]
  readonly normal: RulesetObject
}

const intervals = { flags: ["interval"] } as const

export const SETS: readonly SetRow[] = [
  {
    name: "elements are sorted",
    written: [set("n", { elem: ["9.9.9.9", "10.0.0.1"] })],
    normal: set("n", { elem: ["10.0.0.1", "9.9.9.9"] }),
  },
  {
    name: "intervals by address",
    written: [set("n", { ...intervals, elem: ["10.0.0.1", "9.9.9.9"] })],
    normal: set("n", { ...intervals, elem: ["9.9.9.9", "10.0.0.1"] }),
  },
  {
    name: "an element twice",
    written: [set("n", { elem: ["1.1.1.1", "1.1.1.1"] })],
    normal: set("n", { elem: ["1.1.1.1"] }),
  },
  {
    name: "elements in an entry of their own",
    written: [set("n", { elem: ["1.1.1.1"] }), elements("n", "2.2.2.2")],
    normal: set("n", { elem: ["1.1.1.1", "2.2.2.2"] }),
  },
  {
    name: "adjacent intervals stay apart",
    written: [set("n", { ...intervals, elem: [prefix("10.0.1.0", 24), prefix("10.0.0.0", 24)] })],
    normal: set("n", { ...intervals, elem: [prefix("10.0.0.0", 24), prefix("10.0.1.0", 24)] }),
  },
  {
    name: "a range that is a prefix",
    written: [set("n", { ...intervals, elem: [range("10.0.0.0", "10.0.0.7")] })],
    normal: set("n", { ...intervals, elem: [prefix("10.0.0.0", 29)] }),
  },
  {
    name: "a range that is none",
    written: [set("n", { ...intervals, elem: [range("10.0.0.1", "10.0.0.7")] })],
    normal: set("n", { ...intervals, elem: [range("10.0.0.1", "10.0.0.7")] }),
  },
  {
    name: "a range of one",
    written: [set("n", { ...intervals, elem: [range("10.0.0.1", "10.0.0.1")] })],
    normal: set("n", { ...intervals, elem: ["10.0.0.1"] }),
  },
  {
    name: "everything",
    written: [
      set("n", {
        ...intervals,
        type: "ipv6_addr",
        elem: [range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")],
      }),
    ],
    normal: set("n", { ...intervals, type: "ipv6_addr", elem: [prefix("::", 0)] }),
  },
  {
    name: "ports are never prefixes",
    written: [
      set("n", {
        ...intervals,
        type: "inet_service",
        elem: [range(0, 1023), 8080],
      }),
    ],
    normal: set("n", { ...intervals, type: "inet_service", elem: [range(0, 1023), 8080] }),
  },
  {
    name: "marks are",
    written: [set("n", { ...intervals, type: "mark", elem: [range(16, 31)] })],
    normal: set("n", { ...intervals, type: "mark", elem: [prefix(16, 28)] }),
  },
  {
    name: "protocols by name, ports by number",
    written: [
      set("n", {
        type: ["ipv4_addr", "inet_proto", "inet_service"],
        elem: [concat("1.1.1.1", 132, "http"), concat("1.1.1.1", 6, 80)],
      }),
    ],
    normal: set("n", {
      type: ["ipv4_addr", "inet_proto", "inet_service"],
      elem: [concat("1.1.1.1", "sctp", 80), concat("1.1.1.1", "tcp", 80)],
    }),
  },
  {
    name: "intervals in a concatenation",
    written: [
      set("n", {
        ...intervals,
        type: ["ipv4_addr", "inet_service"],
        elem: [concat(range("1.0.0.0", "1.0.0.255"), range(53, 53))],
      }),
    ],
    normal: set("n", {
      ...intervals,
      type: ["ipv4_addr", "inet_service"],
      elem: [concat(prefix("1.0.0.0", 24), 53)],
    }),
  },
  {
    name: "values of a map",
    written: [map("n", { map: "mark", elem: [["1.1.1.1", "0x10"]] })],
    normal: map("n", { map: "mark", elem: [["1.1.1.1", 16]] }),
  },
  {
    name: "an element's attributes",
    written: [
      set("n", { flags: ["timeout"], elem: [{ elem: { val: "1.1.1.1", timeout: 3600, comment: "x" } }] }),
    ],
    normal: set("n", {
      flags: ["timeout"],
      elem: [{ elem: { val: "1.1.1.1", timeout: 3600, comment: "x" } }],
    }),
  },
  {
    name: "a time-out is a flag",
    written: [set("n", { timeout: 60 })],
    normal: set("n", { timeout: 60, flags: ["timeout"] }),
  },
  {
    name: "what nft does not print: auto-merge, the usual policy",
    written: [set("n", { flags: ["interval"], "auto-merge": true, policy: "performance" })],
    normal: set("n", { flags: ["interval"] }),
  },
  {
    name: "a counter of every element",
    written: [set("n", { stmt: [{ counter: null }], elem: ["1.1.1.1"] })],
    normal: set("n", { stmt: [{ counter: null }], elem: ["1.1.1.1"] }),
  },
]
