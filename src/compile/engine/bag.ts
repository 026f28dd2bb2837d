// Collections of which there are a hundred thousand, most with one or two items: a few items are an exact
// array that is copied on every change, many are a Set or Map that is changed. A one-item Set is four times
// as large as a one-item array, and an array that was pushed to has room for seventeen.

const FEW = 16

export type Bag<T> = readonly T[] | Set<T>

export const NONE: readonly never[] = []

/** The bag with an item that it does not have; the old one must be used no longer. */
export function withItem<T>(bag: Bag<T>, item: T): Bag<T> {
  if (bag instanceof Set) return bag.add(item)
  if (bag.length < FEW) return bag.length === 0 ? [item] : bag.concat([item])
  return new Set(bag).add(item)
}

/** The bag without an item, if it has it; the old one must be used no longer. */
export function withoutItem<T>(bag: Bag<T>, item: T): Bag<T> {
  if (bag instanceof Set) {
    bag.delete(item)
    return bag.size === 0 ? NONE : bag
  }
  const at = bag.indexOf(item)
  if (at < 0) return bag
  return bag.length === 1 ? NONE : bag.toSpliced(at, 1)
}

export function hasItem<T>(bag: Bag<T>, item: T): boolean {
  return bag instanceof Set ? bag.has(item) : bag.includes(item)
}

export function sizeOf<T>(bag: Bag<T>): number {
  return bag instanceof Set ? bag.size : bag.length
}

export interface Named {
  readonly text: string
}

/** Items by their text. */
export type ByText<T extends Named> = readonly T[] | Map<string, T>

export function findText<T extends Named>(all: ByText<T>, text: string): T | undefined {
  return all instanceof Map ? all.get(text) : all.find((each) => each.text === text)
}

export function withText<T extends Named>(all: ByText<T>, item: T): ByText<T> {
  if (all instanceof Map) return all.set(item.text, item)
  if (all.length < FEW) return all.length === 0 ? [item] : all.concat([item])
  return new Map(all.map((each) => [each.text, each] as const)).set(item.text, item)
}

export function withoutText<T extends Named>(all: ByText<T>, item: T): ByText<T> {
  if (all instanceof Map) {
    if (all.get(item.text) === item) all.delete(item.text)
    return all.size === 0 ? NONE : all
  }
  const at = all.indexOf(item)
  if (at < 0) return all
  return all.length === 1 ? NONE : all.toSpliced(at, 1)
}

export function countOf<T extends Named>(all: ByText<T>): number {
  return all instanceof Map ? all.size : all.length
}

export function eachOf<T extends Named>(all: ByText<T>): Iterable<T> {
  return all instanceof Map ? all.values() : all
}
