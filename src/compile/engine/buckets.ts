// Bags of items by one word or by two, without empty bags left behind.

import { type Bag, sizeOf, withItem, withoutItem } from "./bag.ts"

export type Buckets<T extends object> = Map<string, Bag<T>>
/** By key, then by value. */
export type PairBuckets<T extends object> = Map<string, Buckets<T>>

export function addToBucket<T extends object>(buckets: Buckets<T>, word: string, item: T): void {
  const bucket = buckets.get(word) ?? null
  const grown = withItem(bucket, item)
  if (grown !== bucket) buckets.set(word, grown)
}

export function dropFromBucket<T extends object>(buckets: Buckets<T>, word: string, item: T): void {
  const bucket = buckets.get(word)
  if (bucket === undefined) return
  const rest = withoutItem(bucket, item)
  if (sizeOf(rest) === 0) buckets.delete(word)
  else if (rest !== bucket) buckets.set(word, rest)
}

export function bucketsOf<T extends object>(pairs: PairBuckets<T>, key: string): Buckets<T> {
  const known = pairs.get(key)
  if (known !== undefined) return known
  const made: Buckets<T> = new Map()
  pairs.set(key, made)
  return made
}

export function dropFromPair<T extends object>(
  pairs: PairBuckets<T>,
  [key, value]: readonly [string, string],
  item: T,
): void {
  const values = pairs.get(key)
  if (values === undefined) return
  dropFromBucket(values, value, item)
  if (values.size === 0) pairs.delete(key)
}
