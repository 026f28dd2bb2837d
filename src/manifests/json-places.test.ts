import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { FieldPath } from "../api/diagnostic.ts"
import { jsonOffset, jsonScan } from "./json-scan.ts"
import { jsonMistake } from "./json-syntax.ts"
import { parseYaml } from "./yaml-parse.ts"
import { yamlOffset } from "./yaml-position.ts"

const value = fc.jsonValue({ maxDepth: 4 })

/** Every value with its path. */
function everyPlace(value: unknown, path: FieldPath = []): readonly (readonly [FieldPath, unknown])[] {
  const inner =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, each]) =>
          everyPlace(each, [...path, Array.isArray(value) ? Number(key) : key]),
        )
      : []
  return [[path, value], ...inner]
}

test("the text at the offset of a path is the text of its value", () => {
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, 4), (value, space) => {
      const text = JSON.stringify(value, null, space)
      const scan = jsonScan(text)
      for (const [path, each] of everyPlace(value)) {
        const written = JSON.stringify(each, null, space)
        const [firstLine = ""] = written.split("\n")
        expect(text.slice(jsonOffset(scan, path)).startsWith(firstLine)).toBe(true)
      }
    }),
  )
})

test("a path that is not there is where its nearest field is", () => {
  const scan = jsonScan('{"a": {"b": [1]}}')
  expect(jsonOffset(scan, ["a", "b", 0, "c"])).toBe(13)
  expect(jsonOffset(scan, ["a", "b", 7])).toBe(12)
  expect(jsonOffset(scan, ["a", "x", 0])).toBe(6)
  expect(jsonOffset(scan, ["a", "b"], "key")).toBe(7)
})

test("JSON read as YAML has its fields at the same places", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value)
      const document = parseYaml(text)
      fc.pre(document.errors.length === 0)
      const scan = jsonScan(text)
      for (const [path] of everyPlace(value)) {
        expect(yamlOffset(document, path)).toBe(jsonOffset(scan, path))
        expect(yamlOffset(document, path, "key")).toBe(jsonOffset(scan, path, "key"))
      }
    }),
  )
})

test("a mistake is found where JSON.parse finds one, and nowhere else", () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const broken = fc
    .tuple(
      value,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom("", ",", "]", "}", ":", '"', "0", "-", "x", "\n", "\\", "[{"),
    )
    .map(([value, at, cut, put]) => {
      const text = JSON.stringify(value)
      const place = at % (text.length + 1)
      return `${text.slice(0, place)}${put}${text.slice(place + cut)}`
    })
  fc.assert(
    fc.property(fc.oneof(broken, fc.string()), (text) => {
      const mistake = jsonMistake(text)
      expect(mistake === undefined).toBe(isJson(text))
      expect(mistake?.offset ?? 0).toBeLessThanOrEqual(text.length)
    }),
    { numRuns: 2000 },
  )
})
