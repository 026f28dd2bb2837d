// Elements of sets and maps in the fake kernel: add, create, delete, flush.

import { dataType } from "./data-type.ts"
import {
  checkReferences,
  clearElements,
  isUsed,
  openElements,
  type Refusal,
  refuse,
  type TableDraft,
  useAll,
} from "./draft.ts"
import { type CanonicalElement, canonicalElement, type ElementForm } from "./element.ts"
import { isList, isMapElement, stableText } from "./expression.ts"
import { compareIntervals, type Interval, readInterval } from "./interval.ts"
import type { SetState } from "./kernel-state.ts"
import { elementReferences, objectKey } from "./references.ts"
import type { Element, Expression, MapElement } from "./schema.ts"
import type { ShardedDraft } from "./sharded-map.ts"

export interface ElementsOf {
  readonly name: string
  readonly elem: readonly (Element | MapElement)[]
}

export function addElements(
  table: TableDraft,
  { name, elem }: ElementsOf,
  verb: "add" | "create",
): Refusal | undefined {
  const set = table.sets.get(name)
  if (set === undefined) return refuse("missing")
  const isConstant = set.set.flags?.includes("constant") ?? false
  if (isConstant && isUsed(table, objectKey("set", name))) return refuse("busy")
  const added = elem.map((each) => canonicalElement(set.form, each))
  const elements = openElements(table, name, set)
  const conflict =
    added.map((each) => malformed(set, each)).find((each) => each !== undefined) ??
    overlap(set.form, elements, added)
  if (conflict !== undefined) return conflict
  for (const each of added) {
    const refusal = addElement(table, { set, elements, verb }, each)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export function deleteElements(table: TableDraft, { name, elem }: ElementsOf): Refusal | undefined {
  const set = table.sets.get(name)
  if (set === undefined) return refuse("missing")
  const elements = openElements(table, name, set)
  for (const each of elem) {
    const { key } = canonicalElement(set.form, each)
    const known = elements.get(key) ?? containing(set.form, elements, each)
    if (known === undefined) return refuse("missing")
    useAll(table, elementReferences(known.element), -1)
    elements.delete(known.key)
  }
  return undefined
}

export function flushElements(table: TableDraft, name: string): Refusal | undefined {
  const set = table.sets.get(name)
  if (set === undefined) return refuse("missing")
  if (set.kind === "map") {
    for (const each of openElements(table, name, set).values())
      useAll(table, elementReferences(each.element), -1)
  }
  clearElements(table, name)
  return undefined
}

interface Target {
  readonly set: SetState
  readonly elements: ShardedDraft<CanonicalElement>
  readonly verb: "add" | "create"
}

function addElement(
  table: TableDraft,
  { set, elements, verb }: Target,
  added: CanonicalElement,
): Refusal | undefined {
  // The kernel reads an element's verdict, and looks for its chain, before it looks for the element (nf_tables_api.c).
  const references = elementReferences(added.element)
  const refusal = checkReferences(table, references)
  if (refusal !== undefined) return refusal
  const known = elements.get(added.key)
  if (known !== undefined) {
    // A new comment or time-out is taken without a word, and changes nothing.
    return verb === "create" || valueText(known) !== valueText(added) ? refuse("exists") : undefined
  }
  const size = set.set.size ?? 0
  if (size > 0 && elements.size() >= size) return refuse("full")
  useAll(table, references, 1)
  elements.set(added.key, added)
  return undefined
}

function valueText({ element }: CanonicalElement): string {
  return isMapElement(element) ? stableText(element[1]) : ""
}

function malformed(set: SetState, { element }: CanonicalElement): Refusal | undefined {
  const isPair = isMapElement(element)
  if (isPair && set.kind === "set") return refuse("noMap")
  if (!isPair && set.kind === "map") return refuse("invalid")
  const isAddress = set.form.types.some((type) => type.form === "ipv4" || type.form === "ipv6")
  return isAddress && boxOf(set.form, element).includes(undefined) ? refuse("address") : undefined
}

/** Each component as an interval, or as text where its type has no numbers; undefined for an address that is none. */
function boxOf(form: ElementForm, element: Element | MapElement): readonly (Interval | string | undefined)[] {
  const whole = isMapElement(element) ? element[0] : element
  const key = typeof whole === "object" && !isList(whole) && "elem" in whole ? whole.elem.val : whole
  const parts: readonly Expression[] =
    typeof key === "object" && !isList(key) && "concat" in key ? key.concat : [key]
  return parts.map((part, i) => {
    const type = form.types[i] ?? dataType("text")
    const interval = readInterval(type, part)
    return interval ?? (type.form === "ipv4" || type.form === "ipv6" ? undefined : stableText(part))
  })
}

function overlap(
  form: ElementForm,
  elements: ShardedDraft<CanonicalElement>,
  added: readonly CanonicalElement[],
): Refusal | undefined {
  if (!form.isInterval) return undefined
  if (form.types.length > 1) return boxOverlap(form, elements, added)
  const intervals = added.flatMap((each) => each.interval ?? []).toSorted(compareIntervals)
  const isBad = intervals.some((next, i) => i > 0 && conflicts(intervals[i - 1], next))
  if (isBad) return refuse("overlap")
  for (const { interval } of elements.values()) {
    if (interval !== undefined && conflicts(nearest(intervals, interval), interval)) return refuse("overlap")
  }
  return undefined
}

/** The same interval again is no conflict. */
function conflicts(a: Interval | undefined, b: Interval): boolean {
  if (a === undefined || compareIntervals(a, b) === 0) return false
  return a.from <= b.to && b.from <= a.to
}

/** Of sorted disjoint intervals the last that begins before the end of the given one. */
function nearest(sorted: readonly Interval[], { to }: Interval): Interval | undefined {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle]?.from ?? 0n) <= to) low = middle + 1
    else high = middle
  }
  return sorted[low - 1]
}

/**
 * Concatenated intervals (nft_set_pipapo.c): refused is what begins or ends inside another element; what
 * contains another one is taken.
 */
function boxOverlap(
  form: ElementForm,
  elements: ShardedDraft<CanonicalElement>,
  added: readonly CanonicalElement[],
): Refusal | undefined {
  const boxes = Array.from(elements.values(), (each) => ({ key: each.key, box: boxOf(form, each.element) }))
  for (const each of added) {
    const box = boxOf(form, each.element)
    const isBad = boxes.some(
      (other) => other.key !== each.key && (holds(other.box, box, "from") || holds(other.box, box, "to")),
    )
    if (isBad) return refuse("exists")
    boxes.push({ key: each.key, box })
  }
  return undefined
}

type Box = readonly (Interval | string | undefined)[]

function holds(outer: Box, inner: Box, end: "from" | "to"): boolean {
  return outer.every((side, i) => {
    const part = inner[i]
    if (typeof side !== "object" || typeof part !== "object") return side === part
    return side.from <= part[end] && part[end] <= side.to
  })
}

/** Deleting from a concatenated interval set takes the element that holds the beginning of what is named. */
function containing(
  form: ElementForm,
  elements: ShardedDraft<CanonicalElement>,
  element: Element | MapElement,
): CanonicalElement | undefined {
  if (!form.isInterval || form.types.length < 2) return undefined
  const box = boxOf(form, element)
  for (const each of elements.values()) if (holds(boxOf(form, each.element), box, "from")) return each
  return undefined
}
