// What the API server has told of one collection so far: enough to tell what is new in what it tells next.
//
// A relist becomes what differs from what is known, all at once, so that it deletes nothing but what is gone. An event
// that is not newer than what is known is a repetition: events of one collection come in the order of their versions.

import type { ObjectChange, ObjectKey, ObjectVersion, Resource } from "./resource.ts"
import { versionOf } from "./resource.ts"
import { isLater } from "./versions.ts"

export interface KnownObjectsOptions<T> {
  readonly resource: Resource<T>
  readonly onMistake: (object: string, mistake: string) => void
}

/** A list that is being read; nothing of it counts before `commit`. */
export interface Relist<T> {
  set(object: unknown): void
  delete(object: unknown): void
  /** What is different now; undefined where the list is older than what is known, and must be read without trust. */
  commit(resourceVersion: string): readonly ObjectChange<T>[] | undefined
}

export class KnownObjects<T> {
  readonly #options: KnownObjectsOptions<T>
  #versions = new Map<string, ObjectVersion>()
  #latest = ""
  #newest = ""

  constructor(options: KnownObjectsOptions<T>) {
    this.#options = options
  }

  get size(): number {
    return this.#versions.size
  }

  /** Where a watch goes on; undefined before the first list, and where it must be read again. */
  get resourceVersion(): string | undefined {
    return this.#latest === "" ? undefined : this.#latest
  }

  /** Of the objects and deletions that were told, without bookmarks and versions of whole lists; "" where there is none. */
  get newest(): string {
    return this.#newest
  }

  /** A bookmark: everything up to this version has been told. */
  advance(resourceVersion: string): void {
    if (isLater(resourceVersion, this.#latest)) this.#latest = resourceVersion
  }

  set(object: unknown): readonly ObjectChange<T>[] {
    const version = this.#read(object)
    if (version === undefined || !isLater(version.resourceVersion, this.#latest)) return []
    this.#latest = version.resourceVersion
    this.#newest = version.resourceVersion
    const before = this.#versions.get(textOf(version.key))
    this.#versions.set(textOf(version.key), version)
    return this.#changes(before, version, object)
  }

  delete(object: unknown): readonly ObjectChange<T>[] {
    const version = this.#read(object)
    if (version === undefined || !isLater(version.resourceVersion, this.#latest)) return []
    this.#latest = version.resourceVersion
    this.#newest = version.resourceVersion
    return this.#versions.delete(textOf(version.key)) ? [{ op: "delete", key: version.key }] : []
  }

  /** The collection is not there any more. */
  clear(): readonly ObjectChange<T>[] {
    const gone = [...this.#versions.values()].map(({ key }) => ({ op: "delete", key }) as const)
    this.#versions = new Map()
    this.#latest = ""
    this.#newest = ""
    return gone
  }

  /** Not trusted: the server may mean another object by the version that we know one by. */
  relist({ trusted }: { readonly trusted: boolean } = { trusted: true }): Relist<T> {
    const versions = new Map<string, ObjectVersion>()
    // An object may come twice in one list: pages that were taken up again, events behind the initial ones.
    const changes = new Map<string, readonly ObjectChange<T>[]>()
    return {
      set: (object) => {
        const version = this.#read(object)
        if (version === undefined) return
        const text = textOf(version.key)
        const before = versions.get(text) ?? this.#versions.get(text)
        if (versions.has(text) && !isLater(version.resourceVersion, before?.resourceVersion ?? "")) return
        versions.set(text, version)
        const told = this.#versions.get(text)
        const isTold = told?.resourceVersion === version.resourceVersion && told.uid === version.uid
        if (isTold && trusted) changes.delete(text)
        else changes.set(text, this.#changes(told, version, object))
      },
      delete: (object) => {
        const version = this.#read(object)
        if (version === undefined) return
        versions.delete(textOf(version.key))
        changes.delete(textOf(version.key))
      },
      commit: (resourceVersion) => {
        if (trusted && isLater(this.#latest, resourceVersion)) return undefined
        const gone = [...this.#versions].filter(([text]) => !versions.has(text))
        this.#versions = versions
        this.#latest = resourceVersion
        this.#newest = trusted ? this.#newest : ""
        for (const { resourceVersion: each } of versions.values())
          if (isLater(each, this.#newest)) this.#newest = each
        const deletes = gone.map(([, { key }]) => ({ op: "delete", key }) as const)
        return [...deletes, ...[...changes.values()].flat()]
      },
    }
  }

  /** Another object of the same name is a new one: the old one is deleted first. */
  #changes(
    before: ObjectVersion | undefined,
    { key, uid, resourceVersion }: ObjectVersion,
    object: unknown,
  ): readonly ObjectChange<T>[] {
    const { resource, onMistake } = this.#options
    const value = resource.decode(object, key, (mistake) => onMistake(textOf(key), mistake))
    const set = { op: "set", key, value } as const
    if (before?.uid === uid) return [set]
    const created = { ...set, newAt: resourceVersion }
    return before === undefined ? [created] : [{ op: "delete", key }, created]
  }

  #read(object: unknown): ObjectVersion | undefined {
    const version = versionOf(object)
    if (version === undefined) this.#options.onMistake("", "an object without a name or a version")
    return version
  }
}

function textOf({ namespace, name }: ObjectKey): string {
  return namespace === "" ? name : `${namespace}/${name}`
}
