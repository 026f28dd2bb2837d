// Rows of the contract: elements of sets and maps, intervals among them.

import {
  accept,
  add,
  concat,
  create,
  drop,
  elements,
  equals,
  flush,
  goto,
  jump,
  prefix,
  range,
  remove,
  rule,
  set,
  source,
} from "./commands.ts"
import type { Row } from "./contract.ts"

const net24 = prefix("10.0.0.0", 24)
const net25 = prefix("10.0.0.0", 25)
const pairs = set("x", { type: ["ipv4_addr", "inet_service"], flags: ["interval"] })
const fromTen = concat(range("1.2.3.0", "1.2.3.9"), 80)

export const ELEMENTS: readonly Row[] = [
  {
    name: "an element again",
    given: add(elements("s", "1.1.1.1")),
    when: add(elements("s", "1.1.1.1")),
    outcome: "applied",
  },
  {
    name: "an element again with another verdict, to a chain that is not there",
    given: add(elements("p", [range(10, 20), drop])),
    when: add(elements("p", [range(10, 20), goto("nowhere")])),
    outcome: "not-found",
  },
  {
    name: "an element twice in a transaction",
    when: add(elements("s", "1.1.1.1"), elements("s", "1.1.1.1")),
    outcome: "applied",
  },
  {
    name: "create of an element that exists",
    given: add(elements("s", "1.1.1.1")),
    when: create(elements("s", "1.1.1.1")),
    outcome: "exists",
  },
  {
    name: "an element again with another comment keeps the first",
    given: add(elements("s", { elem: { val: "1.1.1.1", comment: "a" } })),
    when: add(elements("s", { elem: { val: "1.1.1.1", comment: "b" } })),
    outcome: "applied",
  },
  {
    name: "delete of an element that is missing",
    when: remove(elements("s", "1.1.1.1")),
    outcome: "not-found",
  },
  {
    name: "delete of an element twice",
    given: add(elements("s", "1.1.1.1")),
    when: remove(elements("s", "1.1.1.1"), elements("s", "1.1.1.1")),
    outcome: "not-found",
  },
  {
    name: "add and delete of an element",
    when: [...add(elements("s", "1.1.1.1")), ...remove(elements("s", "1.1.1.1"))],
    outcome: "applied",
  },
  {
    name: "one refused command undoes the others",
    when: [...add(elements("s", "9.9.9.9")), ...remove(elements("s", "1.1.1.1"))],
    outcome: "not-found",
  },
  { name: "an element of a set that is missing", when: add(elements("x", "1.1.1.1")), outcome: "not-found" },
  { name: "an address of the other family", when: add(elements("s", "::1")), outcome: "syntax" },
  {
    name: "a map's key with the same verdict",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: add(elements("m", ["1.1.1.1", goto("c")])),
    outcome: "applied",
  },
  {
    name: "a map's key with another chain",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: add(elements("m", ["1.1.1.1", goto("d")])),
    outcome: "exists",
  },
  {
    name: "a map's key with jump for goto",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: add(elements("m", ["1.1.1.1", jump("c")])),
    outcome: "exists",
  },
  {
    name: "a dispatch changes by delete and add of its key",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: [...remove(elements("m", ["1.1.1.1", goto("c")])), ...add(elements("m", ["1.1.1.1", goto("d")]))],
    outcome: "applied",
  },
  {
    name: "a map's element is deleted by its key alone",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: remove(elements("m", "1.1.1.1")),
    outcome: "applied",
  },
  {
    name: "a map's element is deleted by its key whatever verdict is named",
    given: add(elements("m", ["1.1.1.1", goto("c")])),
    when: remove(elements("m", ["1.1.1.1", goto("d")])),
    outcome: "applied",
  },
  {
    name: "an element that enters a missing chain",
    when: add(elements("m", ["1.1.1.1", goto("x")])),
    outcome: "not-found",
  },
  {
    name: "an element that enters a base chain",
    when: add(elements("m", ["1.1.1.1", goto("b")])),
    outcome: "syntax",
  },
  { name: "a key without value in a map", when: add(elements("m", "1.1.1.1")), outcome: "syntax" },
  {
    name: "flush of a set, then the same element",
    given: add(elements("s", "1.1.1.1")),
    when: [...flush(set("s")), ...add(elements("s", "1.1.1.1"))],
    outcome: "applied",
  },
  { name: "no elements at all", when: add(set("n", { elem: [] })), outcome: "syntax" },
  { name: "the flag dynamic", when: add(set("n", { flags: ["dynamic"] })), outcome: "syntax" },
  { name: "flush of a set that is missing", when: flush(set("x")), outcome: "not-found" },
  {
    name: "more elements than the size",
    given: add(set("z", { size: 1, elem: ["1.1.1.1"] })),
    when: add(elements("z", "1.1.1.2")),
    outcome: "full",
  },
  {
    name: "more elements than the size at once",
    given: add(set("z", { size: 2 })),
    when: add(elements("z", "1.1.1.1", "1.1.1.2", "1.1.1.3")),
    outcome: "full",
  },
  {
    name: "another element in a full set by delete and add",
    given: add(set("z", { size: 1, elem: ["1.1.1.1"] })),
    when: [...remove(elements("z", "1.1.1.1")), ...add(elements("z", "1.1.1.2"))],
    outcome: "applied",
  },
  {
    name: "more intervals than the size",
    given: add(set("z", { size: 1, flags: ["interval"], elem: [net24] })),
    when: add(elements("z", "1.1.1.2")),
    outcome: "full",
  },
  {
    name: "an element of a constant set that no rule looks up",
    given: add(set("k", { flags: ["constant"] })),
    when: add(elements("k", "1.1.1.1")),
    outcome: "applied",
  },
  {
    name: "an element of a constant set in use",
    given: add(set("k", { flags: ["constant"], elem: ["1.1.1.1"] }), rule("c", [equals(source, "@k")])),
    when: add(elements("k", "1.1.1.2")),
    outcome: "busy",
  },
]

export const INTERVALS: readonly Row[] = [
  {
    name: "an interval again",
    given: add(elements("i", net24)),
    when: add(elements("i", net24)),
    outcome: "applied",
  },
  {
    name: "an adjacent interval stays apart",
    given: add(elements("i", net24)),
    when: add(elements("i", prefix("10.0.1.0", 24))),
    outcome: "applied",
  },
  {
    name: "an address inside an interval",
    given: add(elements("i", net24)),
    when: add(elements("i", "10.0.0.5")),
    outcome: "overlap",
  },
  {
    name: "an interval around another",
    given: add(elements("i", net24)),
    when: add(elements("i", prefix("10.0.0.0", 16))),
    outcome: "overlap",
  },
  {
    name: "overlapping intervals in one command",
    when: add(elements("i", net24, "10.0.0.5")),
    outcome: "overlap",
  },
  {
    name: "overlapping intervals in two commands",
    when: add(elements("i", net24), elements("i", "10.0.0.5")),
    outcome: "overlap",
  },
  {
    name: "delete of a part of an interval",
    given: add(elements("i", net24)),
    when: remove(elements("i", net25)),
    outcome: "not-found",
  },
  {
    name: "an interval narrows by delete and add",
    given: add(elements("i", net24)),
    when: [...remove(elements("i", net24)), ...add(elements("i", net25))],
    outcome: "applied",
  },
  {
    name: "flush, then an interval that would have overlapped",
    given: add(elements("i", net24)),
    when: [...flush(set("i")), ...add(elements("i", "10.0.0.5"))],
    outcome: "applied",
  },
  {
    name: "a port inside an interval with the same verdict",
    given: add(elements("p", [range(1, 5), drop])),
    when: add(elements("p", [3, drop])),
    outcome: "overlap",
  },
  {
    name: "a port interval with another verdict",
    given: add(elements("p", [range(1, 5), drop])),
    when: add(elements("p", [range(1, 5), accept])),
    outcome: "exists",
  },
  {
    name: "a concatenation again",
    given: [...add(pairs), ...add(elements("x", fromTen))],
    when: add(elements("x", fromTen)),
    outcome: "applied",
  },
  {
    name: "a concatenation inside another",
    given: [...add(pairs), ...add(elements("x", fromTen))],
    when: add(elements("x", concat("1.2.3.4", 80))),
    outcome: "exists",
  },
  {
    name: "a concatenation that begins inside another",
    given: [...add(pairs), ...add(elements("x", fromTen))],
    when: add(elements("x", concat(range("1.2.3.5", "1.2.3.20"), 80))),
    outcome: "exists",
  },
  {
    name: "a concatenation around another is taken",
    given: [...add(pairs), ...add(elements("x", fromTen))],
    when: add(elements("x", concat(prefix("1.2.0.0", 16), 80))),
    outcome: "applied",
  },
  {
    name: "delete of a concatenation's beginning takes all of it",
    given: [...add(pairs), ...add(elements("x", fromTen))],
    when: remove(elements("x", concat(range("1.2.3.0", "1.2.3.4"), 80))),
    outcome: "applied",
  },
]
