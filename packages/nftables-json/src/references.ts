// What rules and elements refer to: the kernel refuses to delete it before them.
//
// A key is kind and name, such as "chain web" or "set peers"; sets and maps share their names.

import type { Element, MapElement, Statement } from "./schema.ts"

export type ObjectKey = string

export function objectKey(kind: string, name: string): ObjectKey {
  return `${kind === "map" ? "set" : kind} ${name}`
}

export function referencesOf(statements: readonly Statement[]): readonly ObjectKey[] {
  const found: ObjectKey[] = []
  for (const statement of statements) {
    for (const [kind, value] of Object.entries(statement)) {
      if (NAMED.has(kind) && typeof value === "string") found.push(objectKey(kind, value))
      else if (kind === "flow") visit(value, "flowtable", found)
      else if (kind !== "log") visit({ [kind]: value }, "set", found)
    }
  }
  return found
}

/** The chain that a verdict map's element leads to. */
export function elementReferences(element: Element | MapElement): readonly ObjectKey[] {
  if (!Array.isArray(element)) return []
  const found: ObjectKey[] = []
  visit(element[1], "set", found)
  return found
}

/** Statements that name a stateful object instead of describing one. */
const NAMED: ReadonlySet<string> = new Set([
  "counter",
  "limit",
  "quota",
  "ct helper",
  "ct timeout",
  "ct expectation",
  "synproxy",
  "secmark",
])

function visit(value: unknown, kind: string, found: ObjectKey[]): void {
  if (typeof value === "string") {
    if (value.startsWith("@")) found.push(objectKey(kind, value.slice(1)))
    return
  }
  if (typeof value !== "object" || value === null) return
  for (const [field, inner] of Object.entries(value)) {
    const target = field === "jump" || field === "goto" ? targetOf(inner) : undefined
    if (target === undefined) visit(inner, kind, found)
    else found.push(objectKey("chain", target))
  }
}

function targetOf(value: unknown): string | undefined {
  const target: unknown =
    typeof value === "object" && value !== null && "target" in value ? value.target : undefined
  return typeof target === "string" ? target : undefined
}
