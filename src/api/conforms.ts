// Whether a value has the shape that a schema asks for, and where it has not.
//
// Interprets the part of JSON Schema that API types use, so that every mistake is found in one walk, with
// its field path and a name from the registry of codes. null is "absent" for a field, as Kubernetes decodes
// it, and a mistake in a list, where it would be decoded as an empty item: `ingress: [null]` allows everything.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"
import type { FieldPath } from "./diagnostic.ts"
import { type Report, shown } from "./report.ts"
import { suggestion } from "./suggestion.ts"

export type TypeName = "object" | "array" | "string" | "integer" | "boolean"

/** The keywords that are understood; descriptions and x-kubernetes-* are for other readers. */
export interface Shape {
  readonly type?: TypeName | readonly TypeName[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Shape
  readonly items?: Shape
  readonly minItems?: number
  readonly enum?: readonly string[]
  readonly description?: string
}

/** The values of a schema. */
export type ValueOf<S> = S extends JSONSchema ? FromSchema<S> : never

/** Reports every mistake under `at`; true where there is none. Nulls must be gone: see withoutNulls. */
export function conforms<S extends Shape>(
  schema: S,
  value: unknown,
  { report, at }: { readonly report: Report; readonly at: FieldPath },
): value is ValueOf<S> {
  return holds(schema, value, { report, path: [...at] })
}

/**
 * The value without fields that are null, as far as the schema knows them; the same value where it has none.
 * Items of a list stay: null is no item.
 */
export function withoutNulls(value: unknown, schema: Shape): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return value
    const kept = value.map((item: unknown) => withoutNulls(item, items))
    return kept.every((item, i) => item === value[i]) ? value : kept
  }
  if (!isRecord(value)) return value
  let kept = value
  for (const [key, each] of Object.entries(value)) {
    const inner = each === null ? undefined : withoutNulls(each, propertyOf(schema, key) ?? {})
    if (inner !== each) kept = replaced(kept, key, inner)
  }
  return kept
}

function replaced(
  record: Readonly<Record<string, unknown>>,
  key: string,
  value: unknown,
): Readonly<Record<string, unknown>> {
  const others = Object.entries(record).filter(([name]) => name !== key)
  return Object.fromEntries(value === undefined ? others : [...others, [key, value]])
}

function propertyOf({ properties = {}, additionalProperties }: Shape, key: string): Shape | undefined {
  if (Object.hasOwn(properties, key)) return properties[key]
  return typeof additionalProperties === "object" ? additionalProperties : undefined
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The value of an own field; inherited ones such as `constructor` are not there. */
export function fieldOf(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** A field that is a list; [] where it is missing or something else. */
export function listIn(value: unknown, name: string): readonly unknown[] {
  const field = fieldOf(value, name)
  return Array.isArray(field) ? field : []
}

/** A field that is a mapping; {} where it is missing or something else. */
export function recordIn(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const field = fieldOf(value, name)
  return isRecord(field) ? field : {}
}

interface Walk {
  readonly report: Report
  /** The way to the value at hand; copied where a mistake is reported. */
  readonly path: (string | number)[]
}

function holds(schema: Shape, value: unknown, walk: Walk): boolean {
  if (schema.type !== undefined && !typesOf(schema.type).some((type) => isOfType(type, value))) {
    const expected = typesOf(schema.type)
      .map((type) => typeWords[type])
      .join(" or ")
    walk.report("wrongType", { expected, found: found(value) }, [...walk.path])
    return false
  }
  if (Array.isArray(value)) return listHolds(schema, value, walk)
  if (isRecord(value)) return recordHolds(schema, value, walk)
  if (schema.enum === undefined || schema.enum.some((each) => each === value)) return true
  const hint = typeof value === "string" ? suggestion(value, schema.enum) : ""
  const values = { value: shown(value), allowed: schema.enum.join(", "), suggestion: hint }
  walk.report("notOneOf", values, [...walk.path])
  return false
}

function listHolds(schema: Shape, value: readonly unknown[], walk: Walk): boolean {
  let good = true
  if (value.length < (schema.minItems ?? 0)) {
    walk.report("emptyList", { count: schema.minItems ?? 0 }, [...walk.path])
    good = false
  }
  const { items } = schema
  if (items === undefined) return good
  for (const [i, item] of value.entries()) good = within(i, walk, () => holds(items, item, walk)) && good
  return good
}

function recordHolds(schema: Shape, value: Readonly<Record<string, unknown>>, walk: Walk): boolean {
  const { properties = {}, additionalProperties = true } = schema
  let good = true
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name)) continue
    walk.report("missingField", { field: name }, [...walk.path])
    good = false
  }
  for (const key of Object.keys(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    const inner = property ?? (additionalProperties === true ? {} : additionalProperties)
    if (inner === false) {
      const values = { field: shown(key), suggestion: suggestion(key, Object.keys(properties)) }
      walk.report("unknownField", values, [...walk.path, key], "key")
      good = false
    } else {
      good = within(key, walk, () => holds(inner, value[key], walk)) && good
    }
  }
  return good
}

function within(segment: string | number, walk: Walk, body: () => boolean): boolean {
  walk.path.push(segment)
  const result = body()
  walk.path.pop()
  return result
}

function typesOf(type: TypeName | readonly TypeName[]): readonly TypeName[] {
  return typeof type === "string" ? [type] : type
}

function isOfType(type: TypeName, value: unknown): boolean {
  switch (type) {
    case "object":
      return isRecord(value)
    case "array":
      return Array.isArray(value)
    case "string":
      return typeof value === "string"
    case "boolean":
      return typeof value === "boolean"
    case "integer":
      return Number.isSafeInteger(value)
  }
}

const typeWords = {
  object: "a mapping",
  array: "a list",
  string: "a string",
  integer: "a whole number",
  boolean: "true or false",
} as const satisfies Record<TypeName, string>

function found(value: unknown): string {
  if (value === null) return "nothing (null)"
  if (Array.isArray(value)) return "a list"
  if (isRecord(value)) return "a mapping"
  if (typeof value === "string") return `the string ${shown(value)}`
  if (typeof value === "number" || typeof value === "boolean") return `the ${typeof value} ${String(value)}`
  return "something else"
}
