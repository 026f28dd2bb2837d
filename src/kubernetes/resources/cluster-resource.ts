// Resources whose objects are changes of the snapshot.

import type { Change } from "../../compile/snapshot.ts"
import type { Query } from "../client.ts"
import type { ObjectKey, Resource } from "../resource.ts"

/** A part of a collection of the API. */
export interface Part {
  readonly path: string
  readonly query?: Query
}

export interface ClusterResource extends Resource<Change> {
  /** The change that takes an object out again. */
  readonly gone: (key: ObjectKey) => Change
  /** What decides over the pods of a namespace; missing where nothing of this kind does. */
  readonly decidingFor?: (namespace: string) => Part
}
