// The name of a report: equal for equal questions, so that every replica gives the same one.

import { contentHash } from "../../compile/ruleset/names.ts"
import type { Change } from "../../compile/snapshot.ts"

const LENGTH = 10

/** 50 bits of the change and of what it was compared with, in lower-case base 32. */
export function reportKey(changes: readonly Change[], revision: string): string {
  return contentHash(canonicalText([changes, revision])).slice(0, LENGTH)
}

/** Equal for objects with the same fields in any order; a field that is undefined is none. */
function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const fields: readonly (readonly [string, unknown])[] = Object.entries(value)
  const texts = fields
    .filter(([, each]) => each !== undefined)
    .map(([name, each]) => `${JSON.stringify(name)}:${canonicalText(each)}`)
  return `{${texts.sort().join()}}`
}
