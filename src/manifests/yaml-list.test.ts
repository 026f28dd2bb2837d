import * as fc from "fast-check"
import { expect, test } from "vitest"
import { parse, stringify } from "yaml"
import { yamlList } from "./yaml-list.ts"

const whole = (text: string) => ({ start: 0, end: text.length })

function itemsOf(text: string): unknown {
  return yamlList(text, whole(text))?.items.map(({ start, end }): unknown => parse(text.slice(start, end)))
}

test.for<readonly [string, string, unknown]>([
  [
    "items at the left margin",
    "kind: List\nitems:\n- a: 1\n  b: 2\n- a: 3\n",
    [[{ a: 1, b: 2 }], [{ a: 3 }]],
  ],
  ["items that are indented", "items:\n    - a: 1\n    - - b\n      - c\n", [[{ a: 1 }], [["b", "c"]]]],
  ["fields after the items", "items:\n- a: 1\n- b: 2\nmetadata:\n  c: 1\n", [[{ a: 1 }], [{ b: 2 }]]],
  [
    "dashes in a block scalar",
    "items:\n- a: |\n    - b\n    items:\n- c: 1\n",
    [[{ a: "- b\nitems:\n" }], [{ c: 1 }]],
  ],
  ["comments at the margin", "items:\n- a: 1\n# c\n- b: 2\n", [[{ a: 1 }], [{ b: 2 }]]],
  ["a dash alone", "items:\n-\n  a: 1\n-\n  b: 2\n", [[{ a: 1 }], [{ b: 2 }]]],
  ["CRLF", "items:\r\n- a: 1\r\n- b: 2\r\n", [[{ a: 1 }], [{ b: 2 }]]],
  ["a list in a list", "items:\n- items:\n  - a\n- b\n", [[{ items: ["a"] }], ["b"]]],
  ["an anchor, which another item may name", "items:\n- a: &x 1\n- b: *x\n", undefined],
  ["a flow list", "items: [1]\n", undefined],
  ["no items", "a: 1\n", undefined],
])("%s", ([, text, expected]) => {
  expect(itemsOf(text)).toEqual(expected)
})

test("the cut items are the items, and the frame is the rest", () => {
  const item = fc.jsonValue({ maxDepth: 2, depthSize: "small" })
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      (items, indentSeq, last) => {
        const text = stringify(last ? { kind: "List", items } : { items, kind: "List" }, {
          indentSeq,
          aliasDuplicateObjects: false,
        })
        const list = yamlList(text, whole(text))
        fc.pre(list !== undefined)
        expect(itemsOf(text)).toEqual(items.map((each) => [parse(stringify(each))]))
        expect(parse(list?.frame ?? "")).toEqual({ kind: "List" })
      },
    ),
  )
})
