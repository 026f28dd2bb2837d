// One folder of manifests as the demo sees it: a cluster that has its place, and what is asserted of it.

import type { Snapshot } from "../../compile/snapshot.ts"
import type { Locate } from "../../explain/explain-json.ts"
import type { World } from "../../explain/world.ts"
import type { AssertionTry } from "./assertion-tries.ts"
import type { Column, Try } from "./tries.ts"

export interface Scenario {
  readonly name: string
  /** Every address in it is known. */
  readonly snapshot: Snapshot
  readonly world: World
  readonly outside: readonly string[]
  readonly columns: readonly Column[]
  readonly tries: readonly Try[]
  readonly assertions: readonly AssertionTry[]
  readonly locate: Locate
  /** Milliseconds that reading took. */
  readonly read: number
}
