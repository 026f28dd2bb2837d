// Keeps the held program on disk, behind what the kernel is told: nobody waits for the disk.

import type { NodeUpdate } from "../wire/node-ruleset.ts"
import type { Cache } from "./cache.ts"
import type { EnforcerEvent } from "./event.ts"
import type { HeldProgram } from "./held-program.ts"
import { createSerial } from "./serial.ts"

export interface ProgramKeeperParts {
  readonly cache: Cache
  readonly mask: number
  readonly program: () => HeldProgram | undefined
  readonly bootId: () => string
  readonly emit: (event: EnforcerEvent) => void
}

export interface ProgramKeeper {
  keep(updates: readonly NodeUpdate[]): Promise<void>
  keepWhole(): Promise<void>
  /** Resolves when everything so far is written. */
  idle(): Promise<void>
}

export function createProgramKeeper({
  cache,
  mask,
  program,
  bootId,
  emit,
}: ProgramKeeperParts): ProgramKeeper {
  const inTurn = createSerial()
  const writing = async (task: () => Promise<void>): Promise<void> => {
    try {
      await inTurn(task)
    } catch (error) {
      emit({ kind: "failed", what: "caching the program", error })
    }
  }
  const keepWhole = (): Promise<void> =>
    writing(async () => {
      const held = program()
      if (held !== undefined) await cache.write({ node: held.whole(), bootId: bootId(), mask })
    })
  return {
    keepWhole,
    keep: (updates) => {
      if (cache.isLong) return keepWhole()
      return writing(async () => {
        for (const update of updates) await cache.append(update)
      })
    },
    idle: () => inTurn(() => Promise.resolve()),
  }
}
