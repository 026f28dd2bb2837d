// Reading an object as the user wrote it. Missing, null and empty are one and the same here, which is
// what the API's pointers and slices mean to NetworkPolicy.

/** The value of a field, or undefined; inherited properties are no fields. */
export function field(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  if (!Object.hasOwn(value, key)) return undefined
  const found: unknown = Reflect.get(value, key)
  return found ?? undefined
}

export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function entries(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}
