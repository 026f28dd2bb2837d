// Whether a value has the shape that a schema asks for, and where it has not.
//
// Interprets the part of JSON Schema that API types use, so that every mistake is found in one walk, with
// its field path and a name from the registry of codes. null is "absent" for a field, as Kubernetes decodes
// it, and a mistake in a list, where it would be decoded as an empty item: `ingress: [null]` allows everything.

import type { FromSchema, JSONSchema } from "json-schema-to-ts"
import { type Place, shown, tell, within } from "./report.ts"
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

/** Reports every mistake under the place; true where there is none. Nulls must be gone: see withoutNulls. */
export function conforms<S extends Shape>(schema: S, value: unknown, place: Place): value is ValueOf<S> {
  return holds(schema, value, place)
}

/**
 * The value without fields that are null, as far as the schema knows them; the same value where it has none.
 * Items of a list stay: null is no item. In a mapping of strings (labels) null is "", as the API server and kubectl
 * decode it (kubernetes/kubernetes#129257): were it gone, `matchLabels: { app: }` would select everything.
 */
export function withoutNulls(value: unknown, schema: Shape): unknown {
  if (typeof value !== "object" || value === null || !hasNull(value, schema)) return value
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNullsIn(item, schema.items))
  const entries = Object.entries(value).map(([key, each]) => [key, each ?? emptyIn(schema)] as const)
  return Object.fromEntries(
    entries
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, withoutNullsIn(each, propertyOf(schema, key))]),
  )
}

/** What null is in a mapping of strings; in an object with fields, nothing. */
function emptyIn({ properties, additionalProperties }: Shape): "" | undefined {
  const isMapping = properties === undefined && typeof additionalProperties === "object"
  return isMapping && additionalProperties.type === "string" ? "" : undefined
}

function withoutNullsIn(value: unknown, schema: Shape | undefined): unknown {
  return schema === undefined ? value : withoutNulls(value, schema)
}

// Written without closures and copies: every policy of a cluster goes through here when it is lowered.

function hasNull(value: object, schema: Shape): boolean {
  if (Array.isArray(value)) {
    const { items } = schema
    if (items === undefined) return false
    for (const item of value) if (isObject(item) && hasNull(item, items)) return true
    return false
  }
  if (!isRecord(value)) return false
  for (const key in value) {
    const each = value[key]
    if (each === null) return true
    if (!isObject(each)) continue
    const inner = propertyOf(schema, key)
    if (inner !== undefined && hasNull(each, inner)) return true
  }
  return false
}

function propertyOf({ properties, additionalProperties }: Shape, key: string): Shape | undefined {
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key]
  return typeof additionalProperties === "object" ? additionalProperties : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
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

/** `segment` leads from the place to the value; undefined where the value is at the place. */
function holds(schema: Shape, value: unknown, place: Place, segment?: string | number): boolean {
  const { type } = schema
  if (type !== undefined && !isOfTypes(type, value)) {
    const expected = typesOf(type)
      .map((each) => typeWords[each])
      .join(" or ")
    tell(at(place, segment), "wrongType", { expected, found: found(value) })
    return false
  }
  if (Array.isArray(value)) return listHolds(schema, value, at(place, segment))
  if (isRecord(value)) return recordHolds(schema, value, at(place, segment))
  if (schema.enum === undefined || schema.enum.some((each) => each === value)) return true
  const hint = typeof value === "string" ? suggestion(value, schema.enum) : ""
  const values = { value: shown(value), allowed: schema.enum.join(", "), suggestion: hint }
  tell(at(place, segment), "notOneOf", values)
  return false
}

function at(place: Place, segment: string | number | undefined): Place {
  return segment === undefined ? place : within(place, segment)
}

function listHolds(schema: Shape, value: readonly unknown[], place: Place): boolean {
  const { items, minItems = 0 } = schema
  let good = true
  if (value.length < minItems) {
    tell(place, "emptyList", { count: minItems })
    good = false
  }
  if (items === undefined || isAnything(items)) return good
  for (let i = 0; i < value.length; i++) good = holds(items, value[i], place, i) && good
  return good
}

function recordHolds(schema: Shape, value: Readonly<Record<string, unknown>>, place: Place): boolean {
  let good = true
  for (const name of schema.required ?? none) {
    if (Object.hasOwn(value, name)) continue
    tell(place, "missingField", { field: name })
    good = false
  }
  for (const key in value) {
    const inner = propertyOf(schema, key) ?? schema.additionalProperties
    if (inner === false) {
      const names = Object.keys(schema.properties ?? {})
      tell(
        within(place, key),
        "unknownField",
        { field: shown(key), suggestion: suggestion(key, names) },
        "key",
      )
      good = false
    } else if (typeof inner === "object" && !isAnything(inner)) {
      good = holds(inner, value[key], place, key) && good
    }
  }
  return good
}

const none: readonly string[] = []

/** {} asks for nothing. */
function isAnything({ type, enum: offered, properties, required }: Shape): boolean {
  return type === undefined && offered === undefined && properties === undefined && required === undefined
}

function isOfTypes(type: TypeName | readonly TypeName[], value: unknown): boolean {
  return typeof type === "string" ? isOfType(type, value) : type.some((each) => isOfType(each, value))
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
