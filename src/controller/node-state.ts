// What a controller replica knows of the agent on one node.

import type { NodeReport } from "../wire/messages.ts"

export interface NodeState {
  readonly node: string
  /** An agent of this node has a stream now. */
  readonly connected: boolean
  /** Of the agent's build; "" before its first stream. */
  readonly version: string
  /** Revision of the newest message written to the node's stream; 0 before the first, and while a whole ruleset is due. */
  readonly desiredRevision: number
  /** Controller clock, milliseconds since the epoch, when the newest revision was written; 0 before the first. */
  readonly desiredSince: number
  /** The last report; undefined before the first. It outlives the stream. */
  readonly report: NodeReport | undefined
  /** Controller clock, milliseconds since the epoch; 0 before the first report. */
  readonly reportedAt: number
}

/** The kernel of the node enforces the newest program that was sent, for live connections too. */
export function isUpToDate({ connected, desiredRevision, report }: NodeState): boolean {
  return connected && desiredRevision > 0 && report?.revision === desiredRevision && report.error === ""
}
