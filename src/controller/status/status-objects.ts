// Our status objects of one kind as the API server has them, and how they are written.
//
// What is known comes from a watch and from the answers to our own writes, whichever is newer. Every write names the
// resourceVersion it is based on, so that a replica that believes to be the leader still cannot undo the work of the
// one that is.

import { isDeepStrictEqual } from "node:util"
import { ApiError, isStatus } from "../../kubernetes/api-error.ts"
import type { KubernetesClient } from "../../kubernetes/client.ts"

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** What is to be there. */
export interface DesiredStatus<S> {
  readonly name: string
  /** "" for a cluster-wide kind. */
  readonly namespace: string
  readonly owner: OwnerReference
  readonly spec?: object
  readonly status: S
}

/** An object of ours, as far as we read it. */
export interface StatusObject<S> {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly ownerReferences?: readonly OwnerReference[]
  }
  readonly spec?: object
  readonly status?: S
}

export interface StatusObjects<S> {
  /** From the watch. */
  seen(object: StatusObject<S>): void
  gone(namespace: string, name: string): void
  get(namespace: string, name: string): StatusObject<S> | undefined
  all(): Iterable<StatusObject<S>>
  /** Makes the object so; the number of requests that it took. */
  write(desired: DesiredStatus<S>): Promise<number>
  remove(namespace: string, name: string): Promise<number>
}

export interface StatusResource {
  readonly kind: string
  readonly plural: string
}

export const API_VERSION = "postern.dev/v1alpha1"

export function createStatusObjects<S>(client: KubernetesClient, resource: StatusResource): StatusObjects<S> {
  return new WatchedObjects(client, resource)
}

/** A write and what it has cost so far. */
interface Writing<S> {
  readonly desired: DesiredStatus<S>
  requests: number
}

class WatchedObjects<S> implements StatusObjects<S> {
  readonly #client: KubernetesClient
  readonly #resource: StatusResource
  readonly #known = new Map<string, StatusObject<S>>()

  constructor(client: KubernetesClient, resource: StatusResource) {
    this.#client = client
    this.#resource = resource
  }

  seen(object: StatusObject<S>): void {
    this.#learn(object)
  }

  gone(namespace: string, name: string): void {
    this.#known.delete(keyOf(namespace, name))
  }

  get(namespace: string, name: string): StatusObject<S> | undefined {
    return this.#known.get(keyOf(namespace, name))
  }

  all(): Iterable<StatusObject<S>> {
    return this.#known.values()
  }

  async write(desired: DesiredStatus<S>): Promise<number> {
    const writing: Writing<S> = { desired, requests: 0 }
    try {
      await this.#bring(writing, this.get(desired.namespace, desired.name))
    } catch (error) {
      // Somebody else was there: what is there now is the base of one more try.
      if (!isOutOfDate(error)) throw error
      await this.#bring(writing, await this.#read(writing))
    }
    return writing.requests
  }

  async remove(namespace: string, name: string): Promise<number> {
    const uid = this.get(namespace, name)?.metadata.uid
    const body = uid === undefined ? undefined : { preconditions: { uid } }
    try {
      await this.#client.delete(`${this.#collection(namespace)}/${name}`, body)
    } catch (error) {
      if (!isOutOfDate(error)) throw error
    }
    this.gone(namespace, name)
    return 1
  }

  async #bring(writing: Writing<S>, current: StatusObject<S> | undefined): Promise<void> {
    const { desired } = writing
    let object = current ?? (await this.#create(writing))
    if (!hasSameOwner(object, desired)) object = await this.#replace(writing, object)
    if (!isDeepStrictEqual(object.status, desired.status)) await this.#replaceStatus(writing, object)
  }

  async #create(writing: Writing<S>): Promise<StatusObject<S>> {
    writing.requests++
    const { desired } = writing
    return this.#learn(
      await this.#client.create<StatusObject<S>>(this.#collection(desired.namespace), this.#bodyOf(desired)),
    )
  }

  async #replace(writing: Writing<S>, { metadata }: StatusObject<S>): Promise<StatusObject<S>> {
    writing.requests++
    const body = this.#bodyOf(writing.desired, metadata.resourceVersion)
    return this.#learn(await this.#client.replace<StatusObject<S>>(this.#pathOf(writing.desired), body))
  }

  async #replaceStatus(writing: Writing<S>, { metadata }: StatusObject<S>): Promise<void> {
    writing.requests++
    const { desired } = writing
    const body = { ...this.#bodyOf(desired, metadata.resourceVersion), status: desired.status }
    this.#learn(await this.#client.replace<StatusObject<S>>(`${this.#pathOf(desired)}/status`, body))
  }

  async #read(writing: Writing<S>): Promise<StatusObject<S> | undefined> {
    writing.requests++
    const { namespace, name } = writing.desired
    this.gone(namespace, name)
    try {
      return this.#learn(await this.#client.get<StatusObject<S>>(this.#pathOf(writing.desired)))
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      throw error
    }
  }

  /** What is newer: this, or what was known. */
  #learn(object: StatusObject<S>): StatusObject<S> {
    const key = keyOf(object.metadata.namespace ?? "", object.metadata.name)
    const before = this.#known.get(key)
    if (before !== undefined && isOlder(object, before)) return before
    this.#known.set(key, slim(object))
    return object
  }

  #collection(namespace: string): string {
    const { plural } = this.#resource
    return namespace === ""
      ? `/apis/${API_VERSION}/${plural}`
      : `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`
  }

  #pathOf({ namespace, name }: DesiredStatus<S>): string {
    return `${this.#collection(namespace)}/${name}`
  }

  #bodyOf({ name, namespace, owner, spec }: DesiredStatus<S>, resourceVersion?: string): object {
    return {
      apiVersion: API_VERSION,
      kind: this.#resource.kind,
      metadata: {
        name,
        ...(namespace === "" ? {} : { namespace }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ownerReferences: [owner],
      },
      ...(spec === undefined ? {} : { spec }),
    }
  }
}

function isOutOfDate(error: unknown): boolean {
  // 404 of a namespace that is gone has no object to read either, and is told by the second try.
  return error instanceof ApiError && (error.status === 409 || error.status === 404)
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

/** Without managedFields and what else we do not read. */
function slim<S>({ metadata, spec, status }: StatusObject<S>): StatusObject<S> {
  const { name, namespace, uid, resourceVersion, ownerReferences } = metadata
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    ...(spec === undefined ? {} : { spec }),
    ...(status === undefined ? {} : { status }),
  }
}

function hasSameOwner<S>({ metadata, spec }: StatusObject<S>, desired: DesiredStatus<S>): boolean {
  const isOwned = metadata.ownerReferences?.some(({ uid }) => uid === desired.owner.uid) === true
  return isOwned && isDeepStrictEqual(spec, desired.spec)
}

/**
 * A watch tells late what our own write has answered already. Versions of one object are decimal numbers that grow
 * (KEP-5504); where they are not, the last word counts.
 */
function isOlder<S>(object: StatusObject<S>, than: StatusObject<S>): boolean {
  if (object.metadata.uid !== than.metadata.uid) return false
  const [a, b] = [object, than].map(({ metadata }) => metadata.resourceVersion ?? "")
  if (a === undefined || b === undefined || !/^\d+$/.test(a) || !/^\d+$/.test(b)) return false
  return BigInt(a) < BigInt(b)
}
