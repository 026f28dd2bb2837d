// What `postern agent status | observe | enforce | remove` and the agent of the node say to each other, as JSON over
// HTTP on a unix socket that only root can open.
//
//   GET  /v1/status   -> 200 AgentStatus
//   POST /v1/observe, /v1/enforce, /v1/remove -> 200 AgentStatus, when the kernel obeys

import type { EnforcerStatus } from "../status.ts"

export interface AgentStatus {
  readonly node: string
  readonly version: string
  readonly processId: number
  /** Why the node is not ready; "" where it is. */
  readonly notReady: string
  /** The replica that serves the stream; "" while there is none. */
  readonly replica: string
  /** Why there is no stream; "" where there is one. */
  readonly streamError: string
  /** The tables were removed by hand, and stay away until the agent is started anew. */
  readonly removed: boolean
  readonly enforcer: EnforcerStatus
}

export interface AdminError {
  readonly message: string
}

export const ADMIN_ORDERS = ["observe", "enforce", "remove"] as const
export type AdminOrder = (typeof ADMIN_ORDERS)[number]

export function statusPath(): string {
  return "/v1/status"
}

export function orderPath(order: AdminOrder): string {
  return `/v1/${order}`
}
