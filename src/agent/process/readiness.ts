// What kubelet hears: whether the process is worth keeping, and whether its node is enforced as it should be.
//
// A rollout of the DaemonSet waits for readiness node by node. A version of the agent that cannot put the program in
// force is never ready, so it stops at the first nodes; a controller that is gone stops nothing, as long as the agent
// enforces what it holds.

import type { EnforcerStatus } from "../status.ts"

export interface ReadinessParts {
  readonly status: EnforcerStatus
  /** Why the enforcer has not started; "" where it has. */
  readonly startError: string
  /** How the stream is doing, for an agent that waits for its first program. */
  readonly stream: string
  /** Milliseconds for which the wanted revision has not been in force. */
  readonly behindMs: number
}

/** A node whose pods change all the time is always a little behind. */
const MOST_BEHIND_MS = 30_000

/** "" where the node is ready, else why it is not. */
export function readinessFailure({ status, startError, stream, behindMs }: ReadinessParts): string {
  if (startError !== "") return startError
  if (status.wanted === undefined) return `no program yet; ${stream}`
  if (status.wanted === 0)
    return `since the node has started no controller has said which pods run here; ${stream}`
  if (status.revision === undefined)
    return `revision ${status.wanted} is not in force: ${status.error ?? "it is being applied"}`
  if (behindMs > MOST_BEHIND_MS) {
    const seconds = Math.round(behindMs / 1_000)
    return `revision ${status.revision} is in force, and for ${seconds} s not ${status.wanted}: ${status.error ?? ""}`
  }
  return ""
}

/** How long the wanted revision has not been in force; to be asked whenever something may have changed. */
export function createLag(now: () => number): { measure(status: EnforcerStatus): number } {
  let since: number | undefined
  return {
    measure: ({ wanted, revision }) => {
      if (wanted === revision) since = undefined
      else since ??= now()
      return since === undefined ? 0 : now() - since
    },
  }
}
