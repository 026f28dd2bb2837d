// What an agent and a controller replica say to each other, over HTTPS.
//
//   POST /v1/nodes/NODE/stream   StreamRequest -> 200, NDJSON of ControllerMessage, for as long as both live
//   POST /v1/nodes/NODE/report   NodeReport -> 204
//
// Both with `Authorization: Bearer TOKEN`; the token's node must be NODE. One stream a node: a newer one ends the
// older. Nothing here knows policies.

import type { NodeRuleset, NodeUpdate } from "./node-ruleset.ts"

/** Of the messages below. A replica serves the version before its own too; other agents get 426 and PNP codes say why. */
export const PROTOCOL_VERSION = 1

export interface StreamRequest {
  readonly protocol: number
  /** Of the agent's build, for people. */
  readonly version: string
  /** What the agent holds; 0 for nothing. The controller numbers on from there. */
  readonly revision: number
  /** rulesetDigest of what it holds, so that it is not sent again; "" for nothing. */
  readonly digest: string
  /** `asOf` of the last message it applied, as it came; "" for nothing. */
  readonly asOf: string
  /**
   * Addresses of its live connections (at most 20,000; more are left out, newest first): the answer's `forget` names
   * those that are owned by nobody now, or by a pod whose network came up after `asOf`.
   */
  readonly connections: readonly string[]
}

export type ControllerMessage =
  | HelloMessage
  /** The whole program of the node. */
  | ({ readonly kind: "ruleset"; readonly digest: string; readonly asOf: string } & NodeRuleset)
  /** What the agent holds is in force under this number: its digest was the same, or only `asOf` is new. */
  | ({ readonly kind: "unchanged"; readonly asOf: string } & Omit<NodeRuleset, "ruleset">)
  | ({ readonly kind: "update"; readonly asOf: string } & NodeUpdate)
  /** Other replicas, where they have changed. */
  | { readonly kind: "replicas"; readonly replicas: readonly string[] }
  /** Every 5 s where nothing else was sent: silence for 15 s means that the replica is gone. */
  | { readonly kind: "alive" }

/** First line of every stream. */
export interface HelloMessage {
  readonly kind: "hello"
  readonly protocol: number
  readonly version: string
  /** "address:port" of every replica, this one included. */
  readonly replicas: readonly string[]
  /**
   * Of this one alone. Reports go there: through the Service's address they would reach another one, where the Service
   * has no session affinity, or has lost it.
   */
  readonly self?: readonly string[]
}

/** Acknowledgement and news of a node: sent when something in it has changed, at most every 200 ms, and once a minute. */
export interface NodeReport {
  readonly protocol: number
  readonly version: string
  /** Revision that the kernel enforces, for live connections too; 0 for none. */
  readonly revision: number
  /** Milliseconds from the message's arrival to that. */
  readonly milliseconds: number
  /** Why the newest revision is not in force; "" where it is. */
  readonly error: string
  /** Objects that the kernel refused ("family table name" and its words) and the addresses that fail closed for it. */
  readonly isolated: readonly { readonly object: string; readonly error: string }[]
  readonly failedClosed: readonly string[]
  /** What keeps policy from being enforced on the node, foreign base chains and other policy engines included. */
  readonly problems: readonly NodeProblem[]
  /** The node's own addresses, tunnels and bridges included. */
  readonly addresses: readonly string[]
  /** True while somebody on the node has put it into observe mode: nothing is dropped, whatever the program says. */
  readonly observing: boolean
  /** Packets that chains which deny have dropped, or would have, since the agent began: the 500 with the most. */
  readonly denied?: readonly DeniedCount[]
}

export interface DeniedCount {
  /** deny_<hash> or drop_<why>; of `table bridge postern` with "bridge/" before it. */
  readonly chain: string
  readonly packets: number
}

export interface NodeProblem {
  readonly code: string
  readonly severity: "fatal" | "error" | "warning" | "note"
  readonly subject: string
  readonly message: string
}

/** Body of every answer other than 2xx. */
export interface WireError {
  readonly code: string
  readonly message: string
}
