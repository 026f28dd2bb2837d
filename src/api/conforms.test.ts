import { Ajv } from "ajv"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { conforms, type Shape, type TypeName, withoutNulls } from "./conforms.ts"
import { assertionSchema } from "./connectivity-assertion.ts"
import { cronJobSchema, podSchema, serviceSchema } from "./core.ts"
import { fieldPathText } from "./diagnostic.ts"
import { networkPolicySpecSchema } from "./networkpolicy.ts"
import { collector, root, silent } from "./report.ts"

function toldOf(schema: Shape, value: unknown): readonly string[] {
  const { report, diagnostics } = collector()
  conforms(schema, value, root(report))
  return diagnostics.map(({ message, path = [] }) => `${fieldPathText(path)}: ${message}`)
}

const shape = {
  type: "object",
  additionalProperties: false,
  required: ["name"],
  properties: {
    name: { type: "string" },
    kind: { type: "string", enum: ["Allow", "Deny"] },
    ports: { type: "array", minItems: 1, items: { type: ["integer", "string"] } },
    labels: { type: "object", additionalProperties: { type: "string" } },
    on: { type: "boolean" },
  },
} as const

test.for<readonly [string, unknown, readonly string[]]>([
  ["everything there", { name: "a", kind: "Deny", ports: [1, "b"], labels: { c: "d" }, on: true }, []],
  ["a field missing", {}, [": the field name is missing"]],
  ["an unknown field", { name: "a", port: [1] }, ['port: unknown field "port", did you mean ports?']],
  ["an unknown field like nothing else", { name: "a", other: 1 }, ['other: unknown field "other"']],
  [
    "an inherited name is no field",
    { name: "a", constructor: 1 },
    ['constructor: unknown field "constructor"'],
  ],
  [
    "another value",
    { name: "a", kind: "deny" },
    ['kind: "deny" is not one of Allow, Deny, did you mean Deny?'],
  ],
  ["another type", { name: 1 }, ["name: expected a string, found the number 1"]],
  [
    "one of two types",
    { name: "a", ports: [true] },
    ["ports[0]: expected a whole number or a string, found the boolean true"],
  ],
  [
    "a fraction",
    { name: "a", ports: [1.5] },
    ["ports[0]: expected a whole number or a string, found the number 1.5"],
  ],
  ["an empty list", { name: "a", ports: [] }, ["ports: the list must have at least 1 item"]],
  [
    "null in a list",
    { name: "a", ports: [null] },
    ["ports[0]: expected a whole number or a string, found nothing (null)"],
  ],
  [
    "a value of a map",
    { name: "a", labels: { "b.c/d": [] } },
    ['labels["b.c/d"]: expected a string, found a list'],
  ],
  ["a list in place of a mapping", [], [": expected a mapping, found a list"]],
  ["a mapping in place of a list", { name: "a", ports: {} }, ["ports: expected a list, found a mapping"]],
  [
    "every mistake",
    { kind: 1, on: "yes" },
    [
      ": the field name is missing",
      "kind: expected a string, found the number 1",
      'on: expected true or false, found the string "yes"',
    ],
  ],
])("%s", ([, value, expected]) => {
  expect(toldOf(shape, value)).toEqual(expected)
})

const schemas = [
  shape,
  networkPolicySpecSchema,
  assertionSchema,
  podSchema,
  serviceSchema,
  cronJobSchema,
] as const

/** Values near a schema: what it asks for, with something else here and there. */
function near(schema: Shape): fc.Arbitrary<unknown> {
  const other = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom("TCP", "Ingress", "In", 80, true))
  return fc.oneof({ weight: 8, arbitrary: fitting(schema) }, { weight: 1, arbitrary: other })
}

function fitting({
  type,
  properties,
  additionalProperties,
  items,
  enum: offered,
}: Shape): fc.Arbitrary<unknown> {
  if (offered !== undefined) return fc.constantFrom(...offered)
  const first: TypeName | undefined = typeof type === "string" ? type : type?.[0]
  switch (first) {
    case "object": {
      const known = Object.entries(properties ?? {}).map(([key, each]) => [key, near(each)] as const)
      const fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = Object.fromEntries([
        ...known,
        ["zzz", fc.integer()],
      ])
      const named = fc.record(fields, { requiredKeys: known.map(([key]) => key).slice(0, 2) })
      return typeof additionalProperties === "object"
        ? fc.dictionary(fc.string(), near(additionalProperties))
        : named
    }
    case "array":
      return fc.array(near(items ?? {}), { maxLength: 3 })
    case "integer":
      return fc.integer()
    case "boolean":
      return fc.boolean()
    case "string":
      return fc.string()
    case undefined:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

test.for([...schemas.entries()])(
  "a value conforms where a validator of JSON Schema accepts it: schema %i",
  ([, schema]) => {
    const accepts = new Ajv({ allowUnionTypes: true, strict: false }).compile(schema)
    fc.assert(
      fc.property(near(schema), (value) => {
        const plain: unknown = withoutNulls(value, schema)
        expect(conforms<Shape>(schema, plain, root(silent))).toBe(accepts(plain))
        expect(toldOf(schema, plain).length > 0).toBe(!accepts(plain))
      }),
    )
  },
)

test.for<readonly [string, unknown, unknown]>([
  [
    "fields that are null are gone, and labels that are null are empty",
    { name: null, ports: [1], labels: { a: null, b: "c" } },
    { ports: [1], labels: { a: "", b: "c" } },
  ],
  ["items that are null stay", { ports: [null] }, { ports: [null] }],
  [
    "fields that nobody knows lose their nulls at the top alone",
    { a: null, b: { c: null } },
    { b: { c: null } },
  ],
  [
    "__proto__ is a field",
    JSON.parse('{"labels":{"__proto__":"a","b":null}}'),
    JSON.parse('{"labels":{"__proto__":"a","b":""}}'),
  ],
])("%s", ([, value, expected]) => {
  expect(withoutNulls(value, shape)).toEqual(expected)
})

test("a value without nulls is the same value", () => {
  fc.assert(
    fc.property(near(shape), (value) => {
      const once = withoutNulls(value, shape)
      expect(withoutNulls(once, shape)).toBe(once)
    }),
  )
})
