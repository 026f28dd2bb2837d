// Messages on their way into the enforcer: in order, many at once where it is behind, and never more than fit.
//
// The enforcer takes updates that wait together, so they are handed over without waiting for the one before. What waits
// is bounded: a reader that may not put the next message does not read on, and the replica sees a full socket.

import { NftError } from "nftables-json/errors"
import type { ControllerMessage } from "../../wire/messages.ts"
import type { Enforcer } from "../enforcer.ts"

/** What a stream needs of an enforcer. */
export type ProgramTarget = Pick<Enforcer, "held" | "connections" | "replace" | "update" | "unchanged">

export type ProgramMessage = Extract<ControllerMessage, { readonly kind: "ruleset" | "unchanged" | "update" }>

export interface ProgramFeed {
  /** Resolves when there is room for another one, or nothing more will be taken. */
  put(message: ProgramMessage, bytes: number): Promise<void>
  /** Nothing waits any more. */
  idle(): Promise<void>
}

export interface ProgramFeedOptions {
  readonly target: ProgramTarget
  /** In force, so many milliseconds after it had come. */
  readonly onApplied: (message: ProgramMessage, milliseconds: number) => void
  /** The kernel refuses it, and the enforcer goes on trying; or what is held is not what the controller believes. */
  readonly onRefused: (message: ProgramMessage, error: unknown, cause: RefusalCause) => void
  readonly mostBytes?: number
  readonly mostMessages?: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

export type RefusalCause = "kernel" | "not-followed"

const MOST_BYTES = 16 * 1024 * 1024
const MOST_MESSAGES = 1_000

export function createProgramFeed(options: ProgramFeedOptions): ProgramFeed {
  const { target, now, mostBytes = MOST_BYTES, mostMessages = MOST_MESSAGES } = options
  const waiting = new Map<Promise<void>, number>()
  const isFull = (): boolean =>
    waiting.size >= mostMessages || waiting.values().reduce((sum, bytes) => sum + bytes, 0) >= mostBytes
  const hand = async (message: ProgramMessage): Promise<void> => {
    const arrived = now()
    try {
      await give(target, message)
      options.onApplied(message, now() - arrived)
    } catch (error) {
      options.onRefused(message, error, error instanceof NftError ? "kernel" : "not-followed")
    }
  }
  return {
    put: async (message, bytes) => {
      const handed = hand(message)
      waiting.set(handed, bytes)
      void handed.finally(() => waiting.delete(handed))
      // All of them: the enforcer takes what waits together, and resolves it together.
      if (isFull()) await Promise.all(waiting.keys())
    },
    idle: async () => {
      while (waiting.size > 0) await Promise.all(waiting.keys())
    },
  }
}

function give(target: ProgramTarget, message: ProgramMessage): Promise<void> {
  switch (message.kind) {
    case "ruleset": {
      const { kind: _kind, digest: _digest, ...node } = message
      return target.replace(node)
    }
    case "unchanged": {
      const { kind: _kind, ...node } = message
      return target.unchanged(node)
    }
    case "update": {
      const { kind: _kind, ...update } = message
      return target.update(update)
    }
  }
}
