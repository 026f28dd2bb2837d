// Rows of the contract: rules, their places, and how deep they may lead.

import {
  accept,
  add,
  chain,
  drop,
  elements,
  equals,
  goto,
  jump,
  lookup,
  place,
  prefix,
  remove,
  rule,
  set,
  source,
} from "./commands.ts"
import type { Row } from "./contract.ts"

const FIRST_RULE = 8
const nested = Array.from({ length: 16 }, (_, i) => `x${i + 1}`)
const ladder = (depth: number) =>
  add(...nested.slice(1, depth).map((name, i) => rule(`x${i + 1}`, [goto(name)])), rule("b", [jump("x1")]))

export const RULES: readonly Row[] = [
  { name: "a rule that enters a missing chain", when: add(rule("c", [jump("x")])), outcome: "not-found" },
  { name: "a rule that enters a base chain", when: add(rule("c", [jump("b")])), outcome: "syntax" },
  {
    name: "a rule whose own map enters a missing chain",
    when: add(rule("c", [lookup(source, { set: [["1.1.1.1", goto("x")]] })])),
    outcome: "not-found",
  },
  {
    name: "a rule that looks up a missing set",
    when: add(rule("c", [equals(source, "@x")])),
    outcome: "not-found",
  },
  { name: "a rule in a missing chain", when: add(rule("x", [accept])), outcome: "not-found" },
  {
    name: "delete of a rule that is missing",
    when: remove(rule("c", [], { handle: 999 })),
    outcome: "not-found",
  },
  {
    name: "delete of a rule in the wrong chain",
    given: add(rule("d", [accept])),
    when: remove(rule("c", [], { handle: FIRST_RULE })),
    outcome: "not-found",
  },
  {
    name: "delete of a rule, then of the set it looked up",
    given: add(rule("c", [equals(source, "@s")])),
    when: remove(rule("c", [], { handle: FIRST_RULE }), set("s")),
    outcome: "applied",
  },
  {
    name: "insert at the front",
    given: add(rule("c", [accept])),
    when: [{ insert: { rule: { ...place, chain: "c", expr: [drop] } } }],
    outcome: "applied",
  },
  {
    name: "insert before a rule",
    given: add(rule("c", [accept]), rule("c", [drop])),
    when: [
      { insert: { rule: { ...place, chain: "c", handle: FIRST_RULE + 1, expr: [{ continue: null }] } } },
    ],
    outcome: "applied",
  },
  {
    name: "insert before position 1",
    given: add(rule("c", [accept]), rule("c", [drop])),
    when: [{ insert: { rule: { ...place, chain: "c", index: 1, expr: [{ continue: null }] } } }],
    outcome: "applied",
  },
  {
    name: "insert before a position that is not there",
    given: add(rule("c", [accept])),
    when: [{ insert: { rule: { ...place, chain: "c", index: 5, expr: [drop] } } }],
    outcome: "not-found",
  },
  {
    name: "insert before a rule of the same transaction",
    when: [
      ...add(rule("c", [accept])),
      { insert: { rule: { ...place, chain: "c", handle: FIRST_RULE, expr: [drop] } } },
    ],
    outcome: "not-found",
  },
  {
    name: "delete of a rule of the same transaction",
    when: [...add(rule("c", [accept])), ...remove(rule("c", [], { handle: FIRST_RULE }))],
    outcome: "applied",
  },
  {
    name: "insert before a rule that is missing",
    when: [{ insert: { rule: { ...place, chain: "c", handle: 999, expr: [drop] } } }],
    outcome: "not-found",
  },
  {
    name: "add takes no notice of a handle",
    given: add(rule("c", [accept]), rule("c", [drop])),
    when: add(rule("c", [{ continue: null }], { handle: FIRST_RULE })),
    outcome: "applied",
  },
  {
    name: "add behind position 0",
    given: add(rule("c", [accept]), rule("c", [drop])),
    when: add(rule("c", [{ continue: null }], { index: 0 })),
    outcome: "applied",
  },
  {
    name: "replace of a rule",
    given: add(rule("c", [accept]), rule("c", [drop])),
    when: [{ replace: { rule: { ...place, chain: "c", handle: FIRST_RULE, expr: [jump("d")] } } }],
    outcome: "applied",
  },
  {
    name: "replace by a rule with an anonymous set of intervals kills nft 1.0.6",
    given: add(rule("c", [accept])),
    when: [
      {
        replace: {
          rule: {
            ...place,
            chain: "c",
            handle: FIRST_RULE,
            expr: [equals(source, { set: [prefix("10.0.0.0", 8), "1.1.1.1"] })],
          },
        },
      },
    ],
    outcome: "unknown",
  },
  {
    name: "replace of a rule that is missing",
    when: [{ replace: { rule: { ...place, chain: "c", handle: 999, expr: [drop] } } }],
    outcome: "not-found",
  },
  {
    name: "replace of a rule in the wrong chain",
    given: add(rule("c", [accept])),
    when: [{ replace: { rule: { ...place, chain: "d", handle: FIRST_RULE, expr: [drop] } } }],
    outcome: "not-found",
  },
  {
    name: "a chain, its rule and the rule that enters it",
    when: add(chain("n"), rule("n", [accept]), rule("c", [jump("n")])),
    outcome: "applied",
  },
  {
    name: "a loop that no base chain reaches",
    given: add(rule("c", [jump("d")])),
    when: add(rule("d", [jump("c")])),
    outcome: "applied",
  },
  {
    name: "a loop that a base chain reaches",
    given: add(rule("b", [jump("c")]), rule("c", [jump("d")])),
    when: add(rule("d", [jump("c")])),
    outcome: "syntax",
  },
  {
    name: "fifteen chains below a base chain",
    given: add(...nested.map((name) => chain(name))),
    when: ladder(15),
    outcome: "applied",
  },
  {
    name: "sixteen chains below a base chain",
    given: add(...nested.map((name) => chain(name))),
    when: ladder(16),
    outcome: "syntax",
  },
  {
    name: "sixteen chains of which an element enters the first",
    given: [
      ...add(...nested.map((name) => chain(name))),
      ...ladder(16).slice(0, -1),
      ...add(rule("b", [lookup(source, "@m")])),
    ],
    when: add(elements("m", ["1.1.1.1", goto("x1")])),
    outcome: "syntax",
  },
]
