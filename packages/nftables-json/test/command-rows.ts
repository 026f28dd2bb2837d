// Every verb with every object of the schema that it takes.

import type { Command, RulesetObject } from "../src/schema.ts"
import {
  accept,
  chain,
  counter,
  drop,
  elements,
  forward,
  goto,
  map,
  place,
  rule,
  set,
  table,
} from "./commands.ts"

type KeysOf<T> = T extends unknown ? keyof T : never
export type Verb = KeysOf<Command>
export type ObjectKind = Exclude<KeysOf<RulesetObject>, "metainfo">

export interface CommandRow {
  readonly command: Command
  readonly text: string
  /** The kernel of the tests has no such object. */
  readonly isForeign?: true
}

interface ObjectRow {
  readonly object: RulesetObject
  /** Kind and name, family and table in between. */
  readonly name: string
  /** What stands between the braces, or behind the name. */
  readonly body: string
  /** The same for create, where it differs. */
  readonly created?: string
  readonly isForeign?: true
}

const named = { ...place, name: "n" }

/** The type asks for a row for every object. */
export const OBJECTS: Readonly<Record<ObjectKind, ObjectRow>> = {
  table: { object: table, name: "table inet t", body: "" },
  chain: {
    object: chain("base", { ...forward, policy: "drop", comment: "why" }),
    name: "chain inet t base",
    body: ' {\n  type filter hook forward priority 0; policy drop;\n  comment "why"\n}',
  },
  rule: {
    object: rule("c", [accept], { comment: "all", handle: 5 }),
    name: "rule inet t c",
    body: ' accept comment "all"',
  },
  set: {
    object: set("n", {
      flags: ["interval", "timeout"],
      timeout: 3600,
      size: 100,
      elem: ["1.1.1.1"],
      comment: "some",
    }),
    name: "set inet t n",
    body: ' {\n  type ipv4_addr\n  flags interval,timeout\n  timeout 1h\n  size 100\n  comment "some"\n  elements = { 1.1.1.1 }\n}',
  },
  map: {
    object: map("n", { elem: [["1.1.1.1", drop]] }),
    name: "map inet t n",
    body: " {\n  type ipv4_addr : verdict\n  elements = { 1.1.1.1 : drop }\n}",
  },
  element: {
    object: elements("m", ["1.1.1.1", goto("c")]),
    name: "element inet t m",
    body: " { 1.1.1.1 : goto c }",
  },
  counter: {
    object: counter("n"),
    name: "counter inet t n",
    body: " {\n  packets 0 bytes 0\n}",
    created: "",
  },
  limit: {
    object: { limit: { ...named, rate: 10, per: "second", burst: 7 } },
    name: "limit inet t n",
    body: " {\n  rate 10/second burst 7 packets\n}",
    created: " rate 10/second burst 7 packets",
  },
  quota: {
    object: { quota: { ...named, bytes: 100, inv: true } },
    name: "quota inet t n",
    body: " {\n  over 100 bytes used 0 bytes\n}",
    created: " over 100 bytes used 0 bytes",
  },
  flowtable: {
    object: { flowtable: { ...named, hook: "ingress", prio: 0, dev: "lo" } },
    name: "flowtable inet t n",
    body: ' {\n  hook ingress priority 0\n  devices = { "lo" }\n}',
    isForeign: true,
  },
  "ct helper": {
    object: { "ct helper": { ...named, type: "ftp", protocol: "tcp", l3proto: "ip" } },
    name: "ct helper inet t n",
    body: ' {\n  type "ftp" protocol tcp\n  l3proto ip\n}',
  },
  "ct timeout": {
    object: { "ct timeout": { ...named, protocol: "tcp", l3proto: "ip", policy: { established: 10 } } },
    name: "ct timeout inet t n",
    body: " {\n  protocol tcp\n  l3proto ip\n  policy = { established : 10 }\n}",
  },
  "ct expectation": {
    object: {
      "ct expectation": { ...named, protocol: "tcp", dport: 99, timeout: 60000, size: 8, l3proto: "ip" },
    },
    name: "ct expectation inet t n",
    body: " {\n  protocol tcp\n  dport 99\n  timeout 1m\n  size 8\n  l3proto ip\n}",
  },
  synproxy: {
    object: { synproxy: { ...named, mss: 1460, wscale: 7, flags: ["timestamp"] } },
    name: "synproxy inet t n",
    body: " {\n  mss 1460 wscale 7 timestamp\n}",
    created: " mss 1460 wscale 7 timestamp",
  },
  secmark: {
    object: { secmark: { ...named, context: "system_u" } },
    name: "secmark inet t n",
    body: ' {\n  "system_u"\n}',
    created: ' "system_u"',
    isForeign: true,
  },
}

/** The type asks for every verb. */
const ROWS_OF: Readonly<Record<Verb, readonly CommandRow[]>> = {
  add: Object.values(OBJECTS).map((row) => ({
    ...row,
    command: { add: row.object },
    text: `add ${row.name}${row.body}`,
  })),
  // nft knows no create for rules, and reads some objects without braces.
  create: Object.values({ ...OBJECTS, rule: undefined }).flatMap((row) =>
    row === undefined
      ? []
      : [{ ...row, command: { create: row.object }, text: `create ${row.name}${row.created ?? row.body}` }],
  ),
  insert: [
    {
      command: { insert: { rule: { ...place, chain: "c", expr: [drop] } } },
      text: "insert rule inet t c drop",
    },
    {
      command: { insert: { rule: { ...place, chain: "c", handle: 5, expr: [drop] } } },
      text: "insert rule inet t c handle 5 drop",
    },
    {
      command: { insert: { rule: { ...place, chain: "c", index: 1, expr: [drop] } } },
      text: "insert rule inet t c index 1 drop",
    },
  ],
  replace: [
    {
      command: { replace: { rule: { ...place, chain: "c", handle: 5, expr: [drop] } } },
      text: "replace rule inet t c handle 5 drop",
    },
  ],
  delete: Object.entries(OBJECTS).map(([kind, row]) => ({
    ...row,
    command: { delete: row.object },
    text: `delete ${row.name}${kind === "rule" ? " handle 5" : kind === "element" ? row.body : ""}`,
  })),
  flush: [
    { command: { flush: { ruleset: null } }, text: "flush ruleset" },
    ...(["table", "chain", "set", "map"] as const).map((kind) => ({
      command: { flush: OBJECTS[kind].object },
      text: `flush ${OBJECTS[kind].name}`,
    })),
  ],
  reset: (["counter", "quota"] as const).map((kind) => ({
    command: { reset: OBJECTS[kind].object },
    text: `reset ${OBJECTS[kind].name}`,
  })),
  rename: [
    {
      command: { rename: { chain: { ...place, name: "c", newname: "e" } } },
      text: "rename chain inet t c e",
    },
  ],
}

export const COMMAND_ROWS: readonly CommandRow[] = Object.values(ROWS_OF).flat()
