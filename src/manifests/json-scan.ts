// Places in JSON text: JSON.parse gives values and no positions, and a text of 100 MB is searched, not parsed again.

import type { FieldPath } from "../api/diagnostic.ts"

export interface JsonMember {
  readonly key: string
  /** Offset of the key's quote. */
  readonly keyAt: number
  /** Offset of the value. */
  readonly at: number
}

/** Offset of the value at a path (or its key), or of the nearest thing above it that is there. */
export function jsonOffset(scan: JsonScan, path: FieldPath, pointsAt?: "key"): number {
  let at = skipSpace(scan.text, 0)
  for (const [i, segment] of path.entries()) {
    if (typeof segment === "number") {
      const item = scan.text[at] === "[" ? scan.items(at)[segment] : undefined
      if (item === undefined) return at
      at = item
      continue
    }
    // A later duplicate is the one that JSON.parse keeps.
    const members = scan.text[at] === "{" ? scan.members(at) : []
    const member = members.findLast(({ key }) => key === segment)
    if (member === undefined) return at
    if (pointsAt === "key" && i === path.length - 1) return member.keyAt
    at = member.at
  }
  return at
}

/** A text in which no list and no object is searched twice. */
export interface JsonScan {
  readonly text: string
  /** Offsets of the items of the list that starts at an offset. */
  readonly items: (start: number) => readonly number[]
  readonly members: (start: number) => readonly JsonMember[]
}

export function jsonScan(text: string): JsonScan {
  return {
    text,
    items: remembered((start) => listItems(text, start)),
    members: remembered((start) => members(text, start)),
  }
}

function remembered<T>(find: (start: number) => T): (start: number) => T {
  const known = new Map<number, T>()
  return (start) => {
    const found = known.get(start) ?? find(start)
    known.set(start, found)
    return found
  }
}

/** Keys that an object or anything in it has twice; the second of each. */
export function duplicateMembers(text: string, start: number, depth = 0): readonly JsonMember[] {
  const at = skipSpace(text, start)
  if (depth > MAX_DEPTH) return []
  if (text[at] === "[") return listItems(text, at).flatMap((item) => duplicateMembers(text, item, depth + 1))
  if (text[at] !== "{") return []
  const seen = new Set<string>()
  return members(text, at).flatMap((member) => {
    const again = seen.has(member.key)
    seen.add(member.key)
    return [...(again ? [member] : []), ...duplicateMembers(text, member.at, depth + 1)]
  })
}

function listItems(text: string, start: number): readonly number[] {
  const found: number[] = []
  let at = skipSpace(text, start + 1)
  while (at < text.length && text[at] !== "]") {
    found.push(at)
    at = skipSpace(text, valueEnd(text, at))
    if (text[at] === ",") at = skipSpace(text, at + 1)
  }
  return found
}

function members(text: string, start: number): readonly JsonMember[] {
  const found: JsonMember[] = []
  let at = skipSpace(text, start + 1)
  while (text[at] === '"') {
    const keyAt = at
    const keyEnd = stringEnd(text, at)
    const valueAt = skipSpace(text, skipSpace(text, keyEnd) + 1)
    found.push({ key: String(JSON.parse(text.slice(keyAt, keyEnd))), keyAt, at: valueAt })
    at = skipSpace(text, valueEnd(text, valueAt))
    if (text[at] === ",") at = skipSpace(text, at + 1)
  }
  return found
}

/** No object that is read goes deeper. */
const MAX_DEPTH = 100
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Past the value that starts here; valid JSON is taken for granted. */
function valueEnd(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
      if (depth === 0) return at
      continue
    }
    if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (code === 0x2c || code <= 0x20)) return at
    at++
  }
  return at
}

function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end + 1
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) <= 0x20) at++
  return at
}
