// Selectors, found by the labels they hold without trying every one.
//
// A selector is kept under one anchor: the values of its narrowest `in` requirement, else the key of an
// `exists` requirement; without either it is loose. Labels then meet only the selectors anchored at one of
// their pairs or keys, and the loose ones. A few selectors are not worth an anchor and all stay loose.

import { type Selector, selects } from "../selector.ts"
import type { Labels } from "../snapshot.ts"
import {
  type Bag,
  type ByKey,
  findKey,
  itemsOf,
  type Keyed,
  sizeOf,
  visitItems,
  withItem,
  withKey,
  withoutItem,
  withoutKey,
} from "./bag.ts"
import {
  addToBucket,
  type Buckets,
  bucketsOf,
  dropFromBucket,
  dropFromPair,
  type PairBuckets,
} from "./buckets.ts"

const FEW = 16

export interface Selecting<K> extends Keyed<K> {
  readonly selector: Selector
}

export interface SelectorIndex<K, T extends Selecting<K>> {
  all: ByKey<K, T>
  /** Null while there are few. */
  anchors: Anchors<T> | null
}

interface Anchors<T extends object> {
  readonly pairs: PairBuckets<T>
  readonly keys: Buckets<T>
  loose: Bag<T>
}

export function createSelectorIndex<K, T extends Selecting<K>>(): SelectorIndex<K, T> {
  return { all: null, anchors: null }
}

export function findSelector<K, T extends Selecting<K>>(index: SelectorIndex<K, T>, key: K): T | undefined {
  return findKey(index.all, key)
}

export function addSelector<K, T extends Selecting<K>>(index: SelectorIndex<K, T>, item: T): void {
  index.all = withKey(index.all, item)
  if (index.anchors !== null) return anchor(index.anchors, item)
  if (sizeOf(index.all) <= FEW) return
  index.anchors = { pairs: new Map(), keys: new Map(), loose: null }
  for (const each of itemsOf(index.all)) anchor(index.anchors, each)
}

export function removeSelector<K, T extends Selecting<K>>(index: SelectorIndex<K, T>, item: T): void {
  index.all = withoutKey(index.all, item)
  if (index.anchors === null) return
  const { pairs, keys } = index.anchors
  const at = anchorOf(item.selector)
  if (at === null) index.anchors.loose = withoutItem(index.anchors.loose, item)
  else if (at.values === null) dropFromBucket(keys, at.key, item)
  else for (const value of at.values) dropFromPair(pairs, [at.key, value], item)
}

/** Visits every item whose selector holds `labels`, once. */
export function visitHolding<K, T extends Selecting<K>>(
  { all, anchors }: SelectorIndex<K, T>,
  labels: Labels,
  visit: (item: T) => void,
): void {
  if (anchors === null) {
    for (const item of itemsOf(all)) if (selects(item.selector, labels)) visit(item)
    return
  }
  const consider = (item: T): void => {
    if (selects(item.selector, labels)) visit(item)
  }
  visitItems(anchors.loose, consider)
  for (const key of Object.keys(labels)) {
    visitItems(anchors.pairs.get(key)?.get(labels[key] ?? "") ?? null, consider)
    visitItems(anchors.keys.get(key) ?? null, consider)
  }
}

function anchor<K, T extends Selecting<K>>(anchors: Anchors<T>, item: T): void {
  const at = anchorOf(item.selector)
  if (at === null) anchors.loose = withItem(anchors.loose, item)
  else if (at.values === null) addToBucket(anchors.keys, at.key, item)
  else {
    const buckets = bucketsOf(anchors.pairs, at.key)
    for (const value of at.values) addToBucket(buckets, value, item)
  }
}

interface Anchor {
  readonly key: string
  /** Null where any value will do. */
  readonly values: ReadonlySet<string> | null
}

function anchorOf(selector: Selector): Anchor | null {
  let best: Anchor | null = null
  for (const requirement of selector) {
    if (requirement.op === "exists") best ??= { key: requirement.key, values: null }
    else if (requirement.op === "in" && requirement.values.size < (best?.values?.size ?? Infinity))
      best = requirement
  }
  return best
}
