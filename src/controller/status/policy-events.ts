// What is told of a policy with `kubectl describe`: errors, and that they are over.

import type { PolicyPhase } from "../../api/policy-status.ts"
import type { ClusterEvent } from "../../kubernetes/events.ts"
import type { PolicyTransition } from "./policy-statuses.ts"

export function policyEvent({
  policy,
  apiVersion,
  uid,
  from,
  to,
  message,
}: PolicyTransition): ClusterEvent | undefined {
  const regarding = { apiVersion, ...policy, uid }
  if (isError(to)) {
    const reason = to === "Failed" ? "PolicyRefused" : "PolicyDegraded"
    return { regarding, type: "Warning", reason, action: "Programming", note: message }
  }
  if (from === undefined || !isError(from) || to === "Programming") return undefined
  return { regarding, type: "Normal", reason: "PolicyRecovered", action: "Programming", note: message }
}

function isError(phase: PolicyPhase): boolean {
  return phase === "Failed" || phase === "Degraded"
}
