// Maps in layers: one that is changed on top of one that stays as it is.
//
// The model's state is kept in them, so that the cluster as it would be is a layer that holds only what differs.

export interface LayeredMap<K, V> {
  /** Undefined for what a layer below has and this one has no longer. */
  readonly own: Map<K, V | undefined>
  readonly below: LayeredMap<K, V> | null
  size: number
  /** Counts what was put and removed: as long as it is the same, so is the map. */
  version: number
}

export function createLayer<K, V>(below: LayeredMap<K, V> | null = null): LayeredMap<K, V> {
  return { own: new Map(), below, size: below?.size ?? 0, version: 0 }
}

export function lookUp<K, V>(map: LayeredMap<K, V>, key: K): V | undefined {
  for (let layer: LayeredMap<K, V> | null = map; layer !== null; layer = layer.below) {
    const value = layer.own.get(key)
    if (value !== undefined || (layer.below !== null && layer.own.has(key))) return value
  }
  return undefined
}

export function put<K, V>(map: LayeredMap<K, V>, key: K, value: V): void {
  if (lookUp(map, key) === undefined) map.size += 1
  map.version += 1
  map.own.set(key, value)
}

export function remove<K, V>(map: LayeredMap<K, V>, key: K): void {
  if (lookUp(map, key) === undefined) return
  map.size -= 1
  map.version += 1
  if (map.below === null) map.own.delete(key)
  else map.own.set(key, undefined)
}

/** Nothing may be put or removed before it ends, but what it has just given. */
export function* entriesOf<K, V>(map: LayeredMap<K, V>): Generator<readonly [K, V]> {
  if (map.below !== null) {
    for (const entry of entriesOf(map.below)) if (!map.own.has(entry[0])) yield entry
  }
  for (const [key, value] of map.own) if (value !== undefined) yield [key, value]
}

export function* valuesOf<K, V>(map: LayeredMap<K, V>): Generator<V> {
  if (map.below === null) {
    for (const value of map.own.values()) if (value !== undefined) yield value
  } else for (const [, value] of entriesOf(map)) yield value
}

export type Nested<K, L, V> = LayeredMap<K, LayeredMap<L, V>>

/** The inner map of a key, which may be changed: a layer of its own where the outer one is. */
function innerOf<K, L, V>(outer: Nested<K, L, V>, key: K): LayeredMap<L, V> {
  const own = outer.own.get(key)
  if (own !== undefined) return own
  const below = outer.own.has(key) || outer.below === null ? undefined : lookUp(outer.below, key)
  const inner = createLayer(below ?? null)
  put(outer, key, inner)
  return inner
}

export function putInner<K, L, V>(outer: Nested<K, L, V>, [key, innerKey]: readonly [K, L], value: V): void {
  put(innerOf(outer, key), innerKey, value)
}

/** An inner map that is empty goes, too. */
export function removeInner<K, L, V>(outer: Nested<K, L, V>, key: K, innerKey: L): void {
  if (lookUp(outer, key) === undefined) return
  const inner = innerOf(outer, key)
  remove(inner, innerKey)
  if (inner.size === 0) remove(outer, key)
}

export function lookUpInner<K, L, V>(outer: Nested<K, L, V>, key: K, innerKey: L): V | undefined {
  const inner = lookUp(outer, key)
  return inner === undefined ? undefined : lookUp(inner, innerKey)
}
