// The change of one set's or map's elements: keys to delete, and elements to add, in this order.

import { type CanonicalElement, canonicalElement, canonicalElements, elementForm } from "./element.ts"
import { elementReferences, type ObjectKey } from "./references.ts"
import type { SetIndex } from "./ruleset-index.ts"
import type { Command, Element, ElementList, MapElement } from "./schema.ts"

export interface ElementChanges {
  readonly deletions: readonly (Element | MapElement)[]
  readonly additions: readonly (Element | MapElement)[]
}

/** A changed value is deletion and addition of the same key. `stale` are objects that are replaced. */
export function diffElements(
  current: SetIndex,
  desired: SetIndex,
  stale: ReadonlySet<ObjectKey>,
): ElementChanges {
  // What packets put into a dynamic set is not ours to take out.
  if (desired.set.flags?.includes("dynamic") ?? false) return { deletions: [], additions: [] }
  const before = elementsByKey(current)
  const after = elementsByKey(desired)
  const isKept = (a: CanonicalElement, b: CanonicalElement | undefined) =>
    b !== undefined && a.value === b.value && (stale.size === 0 || !refersTo(a, stale))
  const deletions = [...before.values()].filter((each) => !isKept(each, after.get(each.key)))
  const additions = [...after.values()].filter((each) => !isKept(each, before.get(each.key)))
  return {
    deletions: deletions.map((each) => each.source),
    additions: additions.map((each) => each.source),
  }
}

/** All elements, merged where the set asks for it: nft 1.0.6 does not read auto-merge from JSON. */
export function writtenElements({ set, elements }: SetIndex): readonly (Element | MapElement)[] {
  const form = elementForm(set)
  return form.merges ? canonicalElements(form, elements).map((each) => each.source) : elements
}

export function elementList(of: SetIndex, elem: readonly (Element | MapElement)[]): ElementList {
  const { family, table, name } = of.set
  return { family, table, name, elem }
}

export function deleteElements(of: SetIndex, elem: readonly (Element | MapElement)[]): readonly Command[] {
  return elem.length === 0 ? [] : [{ delete: { element: elementList(of, elem) } }]
}

export function addElements(of: SetIndex, elem: readonly (Element | MapElement)[]): readonly Command[] {
  return elem.length === 0 ? [] : [{ add: { element: elementList(of, elem) } }]
}

function refersTo(element: CanonicalElement, keys: ReadonlySet<ObjectKey>): boolean {
  return elementReferences(element.element).some((key) => keys.has(key))
}

function elementsByKey({ set, elements }: SetIndex): ReadonlyMap<string, CanonicalElement> {
  const form = elementForm(set)
  const canonical = form.merges
    ? canonicalElements(form, elements)
    : elements.map((each) => canonicalElement(form, each))
  return new Map(canonical.map((each) => [each.key, each]))
}
