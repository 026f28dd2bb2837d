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
  /** What is held after these updates; of those that failed at first none are told, and then it is written whole. */
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
  /** Revision of what is on disk, log included; undefined where that is not known. */
  let kept: number | undefined
  const writing = async (task: () => Promise<void>): Promise<void> => {
    try {
      await inTurn(task)
    } catch (error) {
      emit({ kind: "failed", what: "caching the program", error })
    }
  }
  const writeWhole = async (): Promise<void> => {
    const held = program()
    if (held === undefined) return
    kept = undefined
    const node = held.whole()
    await cache.write({ node, bootId: bootId(), mask })
    kept = node.revision
  }
  const append = async (updates: readonly NodeUpdate[]): Promise<void> => {
    kept = undefined
    for (const update of updates) await cache.append(update)
    kept = updates.at(-1)?.revision
  }
  return {
    keepWhole: () => writing(writeWhole),
    keep: (updates) =>
      writing(async () => {
        const follows = updates[0]?.from === kept && kept !== undefined
        if (follows && !cache.isLong) await append(updates)
        else if (follows || kept === undefined || kept !== program()?.revision) await writeWhole()
      }),
    idle: () => inTurn(() => Promise.resolve()),
  }
}
