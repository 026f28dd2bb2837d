// An order in which objects that refer to each other can be deleted: whoever refers goes first.

import type { ObjectKey } from "./references.ts"

export interface Removable {
  readonly key: ObjectKey
  readonly references: readonly ObjectKey[]
}

export interface RemovalOrder<T> {
  readonly ordered: readonly T[]
  /** Refer to something that comes before them, because of a loop: to be emptied first. */
  readonly looped: readonly T[]
}

export function removalOrder<T extends Removable>(objects: readonly T[]): RemovalOrder<T> {
  const byKey = new Map(objects.map((object) => [object.key, object]))
  const state = new Map<ObjectKey, "open" | "done">()
  const referredFirst: T[] = []
  const looped = new Set<T>()
  // A stack of its own: chains of a thousand jumps are legal where no base chain reaches them.
  for (const root of objects) {
    if (state.has(root.key)) continue
    const stack = [{ object: root, next: 0 }]
    state.set(root.key, "open")
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const reference = top.object.references[top.next++]
      if (reference === undefined) {
        referredFirst.push(top.object)
        state.set(top.object.key, "done")
        stack.pop()
        continue
      }
      const target = byKey.get(reference)
      if (target === undefined || state.get(reference) === "done") continue
      if (state.get(reference) === "open") looped.add(top.object)
      else {
        state.set(reference, "open")
        stack.push({ object: target, next: 0 })
      }
    }
  }
  return { ordered: referredFirst.toReversed(), looped: [...looped] }
}
