// A collection of the API that can be listed and watched, and what we keep of its objects.

import { fieldOf, recordIn } from "../api/conforms.ts"
import type { Query } from "./client.ts"

export interface ObjectKey {
  /** "" for a cluster-wide kind. */
  readonly namespace: string
  readonly name: string
}

/** What is said of an object that is not quite as it should be; it is kept all the same. */
export type Mistake = (text: string) => void

export interface Resource<T> {
  /** In messages and metrics: pods, networkpolicies.networking.k8s.io. */
  readonly name: string
  /** Of the whole collection: /api/v1/pods. */
  readonly path: string
  /** labelSelector, fieldSelector. */
  readonly query?: Query
  /** Its CRD may not be installed: then there are none. */
  readonly optional: boolean
  /** What we use of an object, as a copy. Never throws: a field that cannot be read is reported and left out. */
  readonly decode: (object: unknown, key: ObjectKey, mistake: Mistake) => T
}

export type ObjectChange<T> =
  | {
      readonly op: "set"
      readonly key: ObjectKey
      readonly value: T
      /** The version by which an object is told that was not there before. */
      readonly newAt?: string
    }
  | { readonly op: "delete"; readonly key: ObjectKey }

/** What tells an object from itself at another time, and from another of its name. */
export interface ObjectVersion {
  readonly key: ObjectKey
  readonly uid: string
  readonly resourceVersion: string
}

/** Undefined for what is no object of the API: it has no name or no version. */
export function versionOf(object: unknown): ObjectVersion | undefined {
  const metadata = recordIn(object, "metadata")
  const name = textIn(metadata, "name")
  const resourceVersion = textIn(metadata, "resourceVersion")
  if (name === "" || resourceVersion === "") return undefined
  const key = { namespace: textIn(metadata, "namespace"), name }
  return { key, uid: textIn(metadata, "uid"), resourceVersion }
}

/** A field that is a string; "" where it is missing or something else. */
export function textIn(value: unknown, name: string): string {
  const field = fieldOf(value, name)
  return typeof field === "string" ? field : ""
}
