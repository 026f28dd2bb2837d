import { expect, test } from "vitest"
import { addressPieces } from "./address-pieces.ts"
import type { AddressRun } from "./cluster-view.ts"

function runs(...bounds: readonly string[]): readonly AddressRun[] {
  return bounds.map((each): AddressRun => {
    const [from = "", to = ""] = each.split("-")
    const family = from.includes(":") ? "IPv6" : "IPv4"
    return { kind: "range", from, to, place: { key: each, family, blocks: new Set() } }
  })
}

const V6 = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
const ALL = "0.0.0.0-255.255.255.255"

test.for<[string, readonly AddressRun[], readonly AddressRun[], readonly string[]]>([
  ["equal cuts are kept", runs(ALL, V6), runs(ALL, V6), [ALL, V6]],
  [
    "a cut before and another after make three pieces",
    runs("0.0.0.0-9.255.255.255", "10.0.0.0-255.255.255.255"),
    runs("0.0.0.0-99.255.255.255", "100.0.0.0-255.255.255.255"),
    ["0.0.0.0-9.255.255.255", "10.0.0.0-99.255.255.255", "100.0.0.0-255.255.255.255"],
  ],
  [
    "a common cut is one",
    runs("0.0.0.0-9.255.255.255", "10.0.0.0-255.255.255.255"),
    runs("0.0.0.0-9.255.255.255", "10.0.0.0-10.0.0.9", "10.0.0.10-255.255.255.255"),
    ["0.0.0.0-9.255.255.255", "10.0.0.0-10.0.0.9", "10.0.0.10-255.255.255.255"],
  ],
  [
    "a cut that goes",
    runs("0.0.0.0-9.255.255.255", "10.0.0.0-255.255.255.255"),
    runs(ALL),
    ["0.0.0.0-9.255.255.255", "10.0.0.0-255.255.255.255"],
  ],
  [
    "bounds may be IPv4-mapped",
    runs("::-::fffe:ffff:ffff", "::ffff:0.0.0.0-ffff::"),
    runs("::-::ffff:255.255.255.255", "::1:0:0:0-ffff::"),
    ["::-::fffe:ffff:ffff", "::ffff:0.0.0.0-::ffff:255.255.255.255", "::1:0:0:0-ffff::"],
  ],
  ["a family that only comes", runs(ALL), runs(ALL, V6), [ALL, V6]],
  ["a family that only goes", runs(ALL, V6), runs(ALL), [ALL, V6]],
])("%s", ([, before, after, expected]) => {
  const pieces = addressPieces(before, after)
  expect(pieces.map(({ from, to }) => `${from}-${to}`)).toEqual(expected)
  for (const piece of pieces) {
    expect(before).toSatisfy((all: typeof before) => piece.before === undefined || all.includes(piece.before))
  }
})
