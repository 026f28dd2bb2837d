// The world of explain as it would be, for as long as a question takes.

import type { Change } from "../src/compile/snapshot.ts"
import type { LiveWorld } from "../src/explain/live-world.ts"
import type { World } from "../src/explain/world.ts"

export interface Trial {
  readonly live: LiveWorld
  readonly changes: readonly Change[]
  /** What takes them back. */
  readonly undo: readonly Change[]
}

/** Nothing else runs meanwhile, so nobody else sees it. */
export function withChanges<T>({ live, changes, undo }: Trial, ask: (world: World) => T): T {
  try {
    live.apply(changes)
    return ask(live.world)
  } finally {
    live.apply(undo)
  }
}
