// Objects of a namespace by name.

import { compareTexts } from "../ranked-policy.ts"

interface Named {
  readonly namespace: string
  readonly name: string
}

export class NamedObjects<T extends Named> {
  readonly #namespaces = new Map<string, Map<string, T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(namespace: string, name: string): T | null {
    return this.#namespaces.get(namespace)?.get(name) ?? null
  }

  /** The one that was there before. */
  set(object: T): T | null {
    const { namespace, name } = object
    const before = this.delete(namespace, name)
    const names = this.#namespaces.get(namespace) ?? new Map<string, T>()
    this.#namespaces.set(namespace, names)
    names.set(name, object)
    this.#size++
    return before
  }

  delete(namespace: string, name: string): T | null {
    const names = this.#namespaces.get(namespace)
    const before = names?.get(name)
    if (names === undefined || before === undefined) return null
    names.delete(name)
    if (names.size === 0) this.#namespaces.delete(namespace)
    this.#size--
    return before
  }

  /** In no order. */
  in(namespace: string): IteratorObject<T> {
    return (this.#namespaces.get(namespace) ?? new Map<string, T>()).values()
  }

  /** Of this name in any namespace, by namespace. */
  named(name: string): readonly T[] {
    const found: T[] = []
    for (const names of this.#namespaces.values()) {
      const object = names.get(name)
      if (object !== undefined) found.push(object)
    }
    return sorted(found)
  }

  /** By namespace and name. */
  all(): readonly T[] {
    return sorted(this.#namespaces.values().flatMap((names) => names.values()))
  }
}

export function sorted<T extends Named>(objects: Iterable<T>): T[] {
  return Array.from(objects).sort(
    (a, b) => compareTexts(a.namespace, b.namespace) || compareTexts(a.name, b.name),
  )
}
