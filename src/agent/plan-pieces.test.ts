// What a plan means for live connections, how waiting updates join, and how long ones are split.

import * as fc from "fast-check"
import type { Plan } from "nftables-json/plan"
import type { Command, ElementList, Transaction } from "nftables-json/schema"
import { describe, expect, test } from "vitest"
import type { NodeUpdate } from "../wire/node-ruleset.ts"
import { coalesce, netEffect } from "./coalesce.ts"
import { elementsOf, keyOf, narrows } from "./narrows.ts"
import { inPieces } from "./pieces.ts"
import { stagesOf } from "./stages.ts"

type Elements = ElementList["elem"]
const list = (name: string, elem: Elements): ElementList => ({ family: "inet", table: "postern", name, elem })
const add = (name: string, ...elem: Elements): Command => ({ add: { element: list(name, elem) } })
const remove = (name: string, ...elem: Elements): Command => ({ delete: { element: list(name, elem) } })
const plan = (...flip: Transaction): Plan => ({ add: [], flip, remove: [] })
const to = (target: string) => ({ goto: { target } })
const at = { family: "inet", table: "postern" } as const

describe("a plan takes access away", () => {
  test.for<[string, Plan, boolean]>([
    ["not by new members of an allow set", plan(add("allow4_x", "10.0.0.1")), false],
    ["not by dispatch of an address that had none", plan(add("egress4", ["10.0.0.1", to("out_x")])), false],
    ["not by the revision", plan(remove("revision", 1), add("revision", 2)), false],
    [
      "not by what no rule names yet",
      { ...plan(), add: [{ add: { chain: { ...at, name: "in_x" } } }] },
      false,
    ],
    ["by a member that leaves an allow set", plan(remove("allow4_x", "10.0.0.1")), true],
    ["by a new member of a deny set", plan(add("deny4_x", "10.0.0.1")), true],
    [
      "by another class of an address",
      plan(remove("ingress4", ["10.0.0.1", to("a")]), add("ingress4", ["10.0.0.1", to("b")])),
      true,
    ],
    ["by a dispatch element that goes", plan(remove("ingress4", ["10.0.0.1", to("a")])), true],
    ["by a rule", plan({ add: { rule: { ...at, chain: "forward", expr: [{ drop: null }] } } }), true],
    [
      "by one such command among others",
      plan(add("allow4_x", "10.0.0.1"), remove("allow4_y", "10.0.0.1")),
      true,
    ],
  ])("%s", ([, plan, expected]) => {
    expect(narrows(plan)).toBe(expected)
  })
})

const update = (from: number, plan: Plan, rest: Partial<NodeUpdate> = {}): NodeUpdate => ({
  from,
  revision: from + 1,
  plan,
  forget: [],
  narrows: false,
  ...rest,
})

describe("updates that wait", () => {
  test("become one where only elements change", () => {
    const joined = coalesce([
      update(1, plan(add("allow4_x", "10.0.0.1")), { forget: ["10.0.0.1"] }),
      update(2, plan(add("allow4_x", "10.0.0.2")), { narrows: true }),
    ])
    expect(joined).toEqual([
      {
        from: 1,
        revision: 3,
        plan: plan(add("allow4_x", "10.0.0.1"), add("allow4_x", "10.0.0.2")),
        forget: ["10.0.0.1"],
        narrows: true,
      },
    ])
  })
  test("stay in order where objects come or go", () => {
    const objects: Plan = { ...plan(), remove: [{ delete: { chain: { ...at, name: "in_x" } } }] }
    const updates = [
      update(1, plan(add("allow4_x", "10.0.0.1"))),
      update(2, objects),
      update(3, plan(add("allow4_x", "10.0.0.2"))),
    ]
    expect(coalesce(updates)).toEqual(updates)
  })

  // A map from key to value, and steps that are each right for the state before them.
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.option(fc.constantFrom("a", "b"), { nil: undefined })),
  )
  test("have the net effect of all of them, each key deleted and added at most once", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("0", "1", "2", "3"), fc.constantFrom("a", "b")),
        steps,
        (start, steps) => {
          const state = new Map(Object.entries(start))
          const commands = steps.flatMap(([key, value]) => stepTo(state, String(key), value))
          const net = netEffect(commands)
          expect(replay(new Map(Object.entries(start)), net)).toEqual(state)
          const keys = net.map((command) =>
            JSON.stringify([Object.keys(command), elementsOf(command)?.elem.map(keyOf)]),
          )
          expect(new Set(keys).size).toBe(keys.length)
        },
      ),
    )
  })
})

function stepTo(state: Map<string, string>, key: string, value: string | undefined): readonly Command[] {
  const before = state.get(key)
  if (before === value) return []
  if (value === undefined) state.delete(key)
  else state.set(key, value)
  return [
    ...(before === undefined ? [] : [remove("egress4", [key, to(before)])]),
    ...(value === undefined ? [] : [add("egress4", [key, to(value)])]),
  ]
}

/** Throws where the kernel would refuse: a deletion of what is not there, an addition of what is. */
function replay(state: Map<string, string>, commands: Transaction): Map<string, string> {
  for (const command of commands) {
    for (const element of elementsOf(command)?.elem ?? []) {
      const key = JSON.stringify(keyOf(element)).replaceAll('"', "")
      const isThere = state.has(key)
      expect(isThere).toBe("delete" in command)
      if ("delete" in command) state.delete(key)
      else state.set(key, JSON.stringify(element).includes('"a"') ? "a" : "b")
    }
  }
  return state
}

describe("long transactions", () => {
  const addresses = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
  const total = (pieces: readonly Transaction[], name: string): number =>
    pieces
      .flat()
      .reduce(
        (sum, command) =>
          sum + (elementsOf(command)?.name === name ? (elementsOf(command)?.elem.length ?? 0) : 0),
        0,
      )

  test("a set comes first and empty, its members in pieces below the limit", () => {
    const pieces = inPieces([
      { add: { set: { ...at, name: "allow4_x", type: "ipv4_addr", elem: addresses } } },
    ])
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces[0]?.[0]).toEqual({ add: { set: { ...at, name: "allow4_x", type: "ipv4_addr" } } })
    expect(total(pieces, "allow4_x")).toBe(addresses.length)
    expect(Math.max(...pieces.map((piece) => JSON.stringify(piece).length))).toBeLessThan(101_000)
  })
  test("commands stay in order", () => {
    const commands = addresses.slice(0, 50).map((address) => add("allow4_x", address))
    expect(inPieces(commands, 500).flat()).toEqual(commands)
  })
  const rule: Command = { add: { rule: { ...at, chain: "forward", expr: [] } } }
  const pair = [remove("egress4", ["10.9.9.9", to("a")]), add("egress4", ["10.9.9.9", to("b")])]
  test.for<[string, "before" | "behind", Command]>([
    ["members of allow sets come behind it", "behind", add("allow4_x", ...addresses)],
    ["members of allow sets go ahead of it", "before", remove("allow4_x", ...addresses)],
    ["members of deny sets come ahead of it", "before", add("deny4_x", ...addresses)],
    ["members of deny sets go behind it", "behind", remove("deny4_x", ...addresses)],
    ["new pods come behind it", "behind", add("egress4", ...addresses.map((key) => [key, to("a")] as const))],
    ["pods go ahead of it", "before", remove("egress4", ...addresses)],
  ])("of a long flip, %s, while pairs and rules stay together", ([, place, members]) => {
    const interfaces = add("pod_interfaces", "veth1", "veth2")
    const stages = stagesOf(plan(...pair, members, interfaces, rule))
    expect(stages.flip).toEqual([...pair, interfaces, rule])
    expect(total(stages[place], elementsOf(members)?.name ?? "")).toBe(addresses.length)
    expect(stages[place === "before" ? "behind" : "before"]).toEqual([])
  })
  test("a short flip is left alone", () => {
    const short = plan(add("allow4_x", "10.0.0.1"), remove("allow4_y", "10.0.0.2"))
    expect(stagesOf(short)).toEqual({ before: [], flip: short.flip, behind: [], after: [] })
  })
})
