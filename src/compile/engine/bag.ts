// Collections of which there are a hundred thousand, most with one or two items: a few items are an exact
// array that is copied on every change, many are a Set or Map that is changed. A one-item Set is four times
// as large as a one-item array, and an array that was pushed to has room for seventeen.

const FEW = 16

export type Bag<T> = readonly T[] | Set<T>

export const NONE: readonly never[] = []

/** The bag with an item that it does not have; the old one must be used no longer. */
export function withItem<T>(bag: Bag<T>, item: T): Bag<T> {
  if (bag instanceof Set) return bag.add(item)
  if (bag.length < FEW) return append(bag, item)
  return new Set(bag).add(item)
}

/** The bag without an item, if it has it; the old one must be used no longer. */
export function withoutItem<T>(bag: Bag<T>, item: T): Bag<T> {
  if (bag instanceof Set) {
    bag.delete(item)
    return bag.size === 0 ? NONE : bag
  }
  return without(bag, item)
}

export function hasItem<T>(bag: Bag<T>, item: T): boolean {
  return bag instanceof Set ? bag.has(item) : bag.includes(item)
}

export function sizeOf<T>(bag: Bag<T>): number {
  return bag instanceof Set ? bag.size : bag.length
}

export interface Keyed<K> {
  readonly key: K
}

/** Items by their keys. */
export type ByKey<K, T extends Keyed<K>> = readonly T[] | Map<K, T>

export function findKey<K, T extends Keyed<K>>(all: ByKey<K, T>, key: K): T | undefined {
  if (all instanceof Map) return all.get(key)
  for (const each of all) if (each.key === key) return each
  return undefined
}

/** With an item whose key is not there yet; the old collection must be used no longer. */
export function withKey<K, T extends Keyed<K>>(all: ByKey<K, T>, item: T): ByKey<K, T> {
  if (all instanceof Map) return all.set(item.key, item)
  if (all.length < FEW) return append(all, item)
  return new Map(all.map((each) => [each.key, each] as const)).set(item.key, item)
}

/** The old collection must be used no longer. */
export function withoutKey<K, T extends Keyed<K>>(all: ByKey<K, T>, item: T): ByKey<K, T> {
  if (all instanceof Map) {
    if (all.get(item.key) === item) all.delete(item.key)
    return all.size === 0 ? NONE : all
  }
  return without(all, item)
}

export function countKeys<K, T extends Keyed<K>>(all: ByKey<K, T>): number {
  return all instanceof Map ? all.size : all.length
}

export function itemsOf<K, T extends Keyed<K>>(all: ByKey<K, T>): Iterable<T> {
  return all instanceof Map ? all.values() : all
}

function append<T>(list: readonly T[], item: T): readonly T[] {
  return list.length === 0 ? [item] : list.concat([item])
}

function without<T>(list: readonly T[], item: T): readonly T[] {
  const at = list.indexOf(item)
  if (at < 0) return list
  return list.length === 1 ? NONE : list.toSpliced(at, 1)
}
