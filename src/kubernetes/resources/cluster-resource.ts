// Resources whose objects are changes of the snapshot.

import type { Change } from "../../compile/snapshot.ts"
import type { ObjectKey, Resource } from "../resource.ts"

export interface ClusterResource extends Resource<Change> {
  /** The change that takes an object out again. */
  readonly gone: (key: ObjectKey) => Change
}
