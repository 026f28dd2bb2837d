// Collections of which there are a hundred thousand, most with one item: none is null, one is the item itself, a
// few are an exact array that is copied on every change, many are a Set or Map that is changed. A Set with one
// item takes 200 bytes, an array that was pushed to has room for seventeen, and every hop is a cache miss.

const FEW = 16

export type Bag<T extends object> = null | T | readonly T[] | Set<T>

export interface Keyed<K> {
  readonly key: K
}

/** Items by their keys. */
export type ByKey<K, T extends Keyed<K>> = null | T | readonly T[] | Map<K, T>

export const NONE: readonly never[] = []

/** The bag with an item that it does not have; the old one must be used no longer. */
export function withItem<T extends object>(bag: Bag<T>, item: T): Bag<T> {
  if (bag === null) return item
  if (bag instanceof Set) return bag.add(item)
  if (!isList(bag)) return [bag, item]
  return bag.length < FEW ? bag.concat([item]) : new Set(bag).add(item)
}

/** The bag without an item, if it has it; the old one must be used no longer. */
export function withoutItem<T extends object>(bag: Bag<T>, item: T): Bag<T> {
  if (bag === null || bag === item) return null
  if (!(bag instanceof Set)) return isList(bag) ? without(bag, item) : bag
  bag.delete(item)
  return bag.size === 0 ? null : bag
}

export function hasItem<T extends object>(bag: Bag<T>, item: T): boolean {
  if (bag === null || bag === item) return bag === item
  return bag instanceof Set ? bag.has(item) : isList(bag) && bag.includes(item)
}

export function findKey<K, T extends Keyed<K>>(all: ByKey<K, T>, key: K): T | undefined {
  if (all === null) return undefined
  if (all instanceof Map) return all.get(key)
  if (!isList(all)) return all.key === key ? all : undefined
  for (const each of all) if (each.key === key) return each
  return undefined
}

/** With an item whose key is not there yet; the old collection must be used no longer. */
export function withKey<K, T extends Keyed<K>>(all: ByKey<K, T>, item: T): ByKey<K, T> {
  if (all === null) return item
  if (all instanceof Map) return all.set(item.key, item)
  if (!isList(all)) return [all, item]
  if (all.length < FEW) return all.concat([item])
  return new Map(all.map((each) => [each.key, each] as const)).set(item.key, item)
}

/** Without an item, if it has it; the old collection must be used no longer. */
export function withoutKey<K, T extends Keyed<K>>(all: ByKey<K, T>, item: T): ByKey<K, T> {
  if (all === null || all === item) return null
  if (!(all instanceof Map)) return isList(all) ? without(all, item) : all
  if (all.get(item.key) === item) all.delete(item.key)
  return all.size === 0 ? null : all
}

export function sizeOf<T extends object>(bag: Bag<T> | Map<unknown, T>): number {
  if (bag === null) return 0
  if (bag instanceof Set || bag instanceof Map) return bag.size
  return isList(bag) ? bag.length : 1
}

export function itemsOf<T extends object>(bag: Bag<T> | Map<unknown, T>): Iterable<T> {
  if (bag === null) return NONE
  if (bag instanceof Map) return bag.values()
  return bag instanceof Set || isList(bag) ? bag : [bag]
}

/** As a loop over itemsOf, for the places where that is most of the work. */
export function visitItems<T extends object>(bag: Bag<T>, visit: (item: T) => void): void {
  if (bag === null) return
  if (bag instanceof Set || isList(bag)) for (const item of bag) visit(item)
  else visit(bag)
}

/** Of a list with two or more. */
function without<T>(list: readonly T[], item: T): T | readonly T[] | null {
  const at = list.indexOf(item)
  if (at < 0) return list
  const rest = list.toSpliced(at, 1)
  return rest.length === 1 ? (rest[0] ?? null) : rest
}

function isList<T>(bag: T | readonly T[]): bag is readonly T[] {
  return Array.isArray(bag)
}
