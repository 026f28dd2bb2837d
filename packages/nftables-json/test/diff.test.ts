import { describe, expect, test } from "vitest"
import { diff, isEmpty } from "../src/diff.ts"
import { normalize } from "../src/normalize.ts"
import type { Plan } from "../src/plan.ts"
import type { Ruleset } from "../src/schema.ts"
import { applyPlan, fakeWith, plan } from "./apply-plan.ts"
import {
  accept,
  add,
  chain,
  counter,
  drop,
  elements,
  equals,
  flush,
  forward,
  goto,
  jump,
  map,
  place,
  prefix,
  remove,
  rule,
  set,
  source,
  table,
} from "./commands.ts"
import { designRuleset } from "./design-ruleset.ts"

const c = chain("c")
const b = chain("b", { ...forward, policy: "accept" })
const s = (...elem: string[]) => set("s", elem.length === 0 ? {} : { elem })
const m = (...targets: string[]) =>
  map("m", { elem: targets.map((target, i) => [`1.1.1.${i}`, goto(target)] as const) })
const given = (name: string, handle: number) =>
  rule("b", [{ counter: null }, equals(source, name), accept], { handle })

describe("the plan", () => {
  test.for<[string, Ruleset, Ruleset, Plan]>([
    ["nothing for the same ruleset", [table, c], [table, c], plan({})],
    [
      "a new table with all it holds, base chains last",
      [],
      [table, b, c, rule("b", [jump("c")]), rule("c", [accept])],
      plan({
        add: add(table, c, rule("c", [accept])),
        flip: add(b, rule("b", [jump("c")])),
      }),
    ],
    [
      "one element changed in a set is one delete and one add",
      [table, s("1.1.1.1", "2.2.2.2")],
      [table, s("1.1.1.1", "3.3.3.3")],
      plan({
        flip: [...remove(elements("s", "2.2.2.2")), ...add(elements("s", "3.3.3.3"))],
      }),
    ],
    [
      "a dispatch changes by delete and add of its key",
      [table, chain("x"), chain("y"), m("x", "x")],
      [table, chain("x"), chain("y"), m("x", "y")],
      plan({
        flip: [
          ...remove(elements("m", ["1.1.1.1", goto("x")])),
          ...add(elements("m", ["1.1.1.1", goto("y")])),
        ],
      }),
    ],
    [
      "a new chain comes before the element that enters it, an old one goes after",
      [table, chain("x"), m("x")],
      [table, chain("y"), m("y")],
      plan({
        add: add(chain("y")),
        flip: [
          ...remove(elements("m", ["1.1.1.0", goto("x")])),
          ...add(elements("m", ["1.1.1.0", goto("y")])),
        ],
        remove: remove(chain("x")),
      }),
    ],
    [
      "a changed rule is replaced where it stands",
      [table, b, given("a", 5), given("b", 6)],
      [table, b, given("a", 0), given("x", 0)],
      plan({
        flip: [
          {
            replace: {
              rule: {
                ...place,
                chain: "b",
                handle: 6,
                expr: [{ counter: null }, equals(source, "x"), accept],
              },
            },
          },
        ],
      }),
    ],
    [
      "a new rule goes before the one that stays behind it",
      [table, b, given("a", 5), given("c", 6)],
      [table, b, given("a", 0), given("b", 0), given("c", 0)],
      plan({
        flip: [
          {
            insert: {
              rule: {
                ...place,
                chain: "b",
                handle: 6,
                expr: [{ counter: null }, equals(source, "b"), accept],
              },
            },
          },
        ],
      }),
    ],
    [
      "a rule that gets an anonymous set of intervals is not replaced: nft 1.0.6 would abort",
      [table, b, given("a", 5), given("b", 6)],
      [table, b, rule("b", [equals(source, { set: [prefix("10.0.0.0", 8), "1.1.1.1"] })]), given("b", 0)],
      plan({
        flip: [
          ...remove(rule("b", [], { handle: 5 })),
          {
            insert: {
              rule: {
                ...place,
                chain: "b",
                handle: 6,
                expr: [equals(source, { set: [prefix("10.0.0.0", 8), "1.1.1.1"] })],
              },
            },
          },
        ],
      }),
    ],
    [
      "a rule that is gone is deleted by its handle",
      [table, b, given("a", 5), given("b", 6)],
      [table, b, given("b", 0)],
      plan({
        flip: remove(rule("b", [], { handle: 5 })),
      }),
    ],
    [
      "without handles a chain is filled anew",
      [table, b, rule("b", [drop])],
      [table, b, rule("b", [accept])],
      plan({
        flip: [...flush(chain("b")), ...add(rule("b", [accept]))],
      }),
    ],
    [
      "what a counter has counted is no difference",
      [table, b, rule("b", [{ counter: { packets: 5, bytes: 6 } }])],
      [table, b, rule("b", [{ counter: null }])],
      plan({}),
    ],
    [
      "a base chain's policy changes in place",
      [table, b],
      [table, chain("b", { ...forward, policy: "drop" })],
      plan({
        flip: add(chain("b", { ...forward, policy: "drop" })),
      }),
    ],
    [
      "its priority does not",
      [table, b, rule("b", [accept], { handle: 3 })],
      [table, chain("b", { ...forward, prio: 5 }), rule("b", [accept])],
      plan({
        flip: [...remove(b), ...add(chain("b", { ...forward, prio: 5 }), rule("b", [accept]))],
      }),
    ],
    [
      "a base chain that is gone goes in the flip",
      [table, b, c, rule("b", [jump("c")])],
      [table, c],
      plan({ flip: remove(b) }),
    ],
    [
      "who refers goes first",
      [table, chain("x"), chain("y"), m("x"), rule("y", [equals(source, "@m")])],
      [table],
      plan({
        remove: [...remove(chain("y")), ...remove(map("m")), ...remove(chain("x"))],
      }),
    ],
    [
      "a set of another type is replaced, and rules that look it up are written again",
      [table, s("1.1.1.1"), b, rule("b", [equals(source, "@s")], { handle: 4 })],
      [table, set("s", { type: "ipv6_addr", elem: ["::1"] }), b, rule("b", [equals(source, "@s")])],
      plan({
        flip: [
          ...remove(rule("b", [], { handle: 4 })),
          ...remove(set("s")),
          ...add(set("s", { type: "ipv6_addr" })),
          ...add(elements("s", "::1"), rule("b", [equals(source, "@s")])),
        ],
      }),
    ],
    [
      "intervals of a set with auto-merge are merged before they are sent",
      [table],
      [
        table,
        set("i", {
          flags: ["interval"],
          "auto-merge": true,
          elem: [prefix("10.0.0.0", 25), prefix("10.0.0.128", 25)],
        }),
      ],
      plan({
        add: add(
          set("i", { flags: ["interval"], "auto-merge": true }),
          elements("i", prefix("10.0.0.0", 24)),
        ),
      }),
    ],
    [
      "numbers are sent as they are written",
      [table],
      [table, set("p", { type: "inet_proto", elem: [6] })],
      plan({
        add: add(set("p", { type: "inet_proto" }), elements("p", 6)),
      }),
    ],
    [
      "tables that are not named are left alone",
      [{ table: { family: "ip", name: "other" } }, table],
      [table],
      plan({}),
    ],
    [
      "named objects come first and go last",
      [table, b],
      [table, counter("k"), b, rule("b", [{ counter: "k" }])],
      plan({ add: add(counter("k")), flip: add(rule("b", [{ counter: "k" }])) }),
    ],
  ])("%s", ([, current, desired, expected]) => {
    expect(diff(current, desired)).toEqual(expected)
  })

  test("tables that are ours go where they are not wanted", () => {
    const ours = [
      { family: "inet", name: "t" },
      { family: "ip", name: "never" },
    ] as const
    expect(diff([table, c], [], { owned: ours }).remove).toEqual(remove(table))
  })

  test("elements of a dynamic set are the packets'", () => {
    const dynamic = set("d", { flags: ["dynamic", "timeout"] })
    expect(
      isEmpty(diff([table, set("d", { flags: ["timeout"], elem: ["1.1.1.1"] })], [table, dynamic])),
    ).toBe(true)
  })

  test("the design's ruleset comes into force in three steps and leaves nothing to do", async () => {
    const fake = await fakeWith(designRuleset)
    expect(normalize(await fake.list())).toEqual(normalize(designRuleset))
    expect(diff(await fake.list(), designRuleset)).toEqual(plan({}))
    await applyPlan(
      fake,
      diff(await fake.list(), [], {
        owned: [
          { family: "inet", name: "postern" },
          { family: "bridge", name: "postern" },
        ],
      }),
    )
    expect(normalize(await fake.list())).toEqual([])
  })
})
