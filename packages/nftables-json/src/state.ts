// What changes while a packet passes the chains of a hook.

import type { Key } from "./constant.ts"
import type { DataType } from "./data-type.ts"
import type { Environment } from "./packet.ts"
import { type Entry, STATE_INVALID, STATE_UNTRACKED, type View } from "./view.ts"

export interface State {
  readonly view: View
  readonly environment: Environment
  mark: number
  ctMark: number
  /** False in chains before conntrack's own hook, which runs at priority -200. */
  seesConntrack: boolean
  /** Set by `notrack`. */
  isUntracked: boolean
  /** The last set or map that was asked, for the trace. */
  asked: Question | undefined
  readonly counters: CounterHit[]
  readonly log: LogEntry[]
}

export interface Question {
  readonly set: string
  readonly types: readonly DataType[]
  readonly key: Key
}

export interface LogEntry {
  readonly prefix: string
  readonly group: number | undefined
  readonly level: string | undefined
  readonly chain: string
}

/** One counter that counted the packet: a named one, or the anonymous one of a rule. */
export interface CounterHit {
  readonly table: string
  readonly name: string | undefined
  readonly chain: string
  readonly rule: number
  readonly statement: number
}

export function entryOf(state: State): Entry | undefined {
  return state.seesConntrack && !state.isUntracked ? state.view.entry : undefined
}

export function stateBits(state: State): number {
  if (state.isUntracked) return STATE_UNTRACKED
  return state.seesConntrack ? state.view.state : STATE_INVALID
}
