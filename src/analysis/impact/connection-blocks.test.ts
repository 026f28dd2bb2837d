import { array, assert, boolean, constantFrom, nat, property, record } from "fast-check"
import { expect, test } from "vitest"
import { type ConnectionChange, impactEndText } from "../connection-groups.ts"
import { connectionBlocks, isWhole } from "./connection-blocks.ts"

const ends = ["shop/a", "shop/b", "shop/c", "bank/a", "bank/b", "10.0.0.0-10.0.0.9", "11.0.0.0-11.0.0.9"]

function endOf(text: string) {
  const [namespace = "", name] = text.split("/")
  return name === undefined ? { range: namespace } : { namespace, name, kind: "Pod", pods: 1 }
}

function change(
  [source, destination]: readonly [string, string],
  changed = "TCP 1",
  dns = false,
): ConnectionChange {
  const rest = { before: changed, after: "", changed, decidedBy: "", dns }
  return { source: endOf(source), destination: endOf(destination), ...rest }
}

const told = (pairs: readonly (readonly [string, string])[], most: number) =>
  connectionBlocks(
    pairs.map((each) => change(each)),
    most,
  ).map((block) => {
    const names = (all: typeof block.sources) =>
      all.map((end) => impactEndText(end).replace("[Pod]", "")).join(" ")
    return `${names(block.sources)} → ${names(block.destinations)} ${block.pairs}${isWhole(block) ? "" : " of more"}`
  })

const scattered = [
  ["shop/a", "bank/a"],
  ["shop/b", "bank/b"],
] as const

test.for<[string, readonly (readonly [string, string])[], number, readonly string[]]>([
  ["nothing", [], 9, []],
  [
    "every pair of two namespaces is one block",
    [...scattered, ["shop/b", "bank/a"], ["shop/a", "bank/b"]],
    9,
    ["shop/a shop/b → bank/a bank/b 4"],
  ],
  [
    "of one namespace, too: nobody is asked about itself",
    [
      ["shop/a", "shop/b"],
      ["shop/b", "shop/a"],
    ],
    9,
    ["shop/a shop/b → shop/b shop/a 2"],
  ],
  ["pairs that are not all are told by themselves", scattered, 2, ["shop/a → bank/a 1", "shop/b → bank/b 1"]],
  ["or counted, where there is no room", scattered, 1, ["shop/a shop/b → bank/a bank/b 2 of more"]],
  [
    "namespaces and addresses are not mixed",
    [
      ["shop/a", "bank/a"],
      ["shop/a", "10.0.0.0-10.0.0.9"],
      ["shop/a", "11.0.0.0-11.0.0.9"],
    ],
    9,
    ["shop/a → bank/a 1", "shop/a → 10.0.0.0-10.0.0.9 11.0.0.0-11.0.0.9 2"],
  ],
])("%s", ([, pairs, most, expected]) => {
  expect(told(pairs, most)).toEqual(expected)
})

test("every pair is in one block; a block that is whole has no other", () => {
  const end = constantFrom(...ends)
  const pair = record({ source: end, destination: end, changed: constantFrom("1", "2"), dns: boolean() })
  assert(
    property(array(pair, { maxLength: 40 }), nat(12), (written, most) => {
      const unique = new Map(
        written
          .filter(({ source, destination }) => source !== destination)
          .map((each) => [
            JSON.stringify(each),
            change([each.source, each.destination], each.changed, each.dns),
          ]),
      )
      const blocks = connectionBlocks([...unique.values()], most)
      expect(blocks.reduce((sum, { pairs }) => sum + pairs, 0)).toBe(unique.size)
      const keys = blocks
        .filter(isWhole)
        .flatMap(({ sources, destinations, change: { changed, dns } }) =>
          sources.flatMap((source) =>
            destinations
              .filter((each) => impactEndText(each) !== impactEndText(source))
              .map(
                (destination) => `${impactEndText(source)} ${impactEndText(destination)} ${changed} ${dns}`,
              ),
          ),
        )
      expect(new Set(keys).size).toBe(keys.length)
      const all = new Set(
        [...unique.values()].map(
          (each) =>
            `${impactEndText(each.source)} ${impactEndText(each.destination)} ${each.changed} ${each.dns}`,
        ),
      )
      expect(keys.filter((each) => !all.has(each))).toEqual([])
    }),
  )
})
