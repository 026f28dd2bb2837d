import { expect, test } from "vitest"
import type { PolicyPhase } from "../../api/policy-status.ts"
import { policyEvent } from "./policy-events.ts"

test.for<
  readonly [
    from: PolicyPhase | undefined,
    to: PolicyPhase,
    type: string | undefined,
    reason: string | undefined,
  ]
>([
  [undefined, "Programmed", undefined, undefined],
  [undefined, "Programming", undefined, undefined],
  [undefined, "Failed", "Warning", "PolicyRefused"],
  ["Programmed", "Degraded", "Warning", "PolicyDegraded"],
  ["Programming", "Programmed", undefined, undefined],
  ["Degraded", "Programming", undefined, undefined],
  ["Degraded", "Programmed", "Normal", "PolicyRecovered"],
  ["Failed", "Pending", "Normal", "PolicyRecovered"],
  ["Degraded", "Failed", "Warning", "PolicyRefused"],
])("from %s to %s: %s %s", ([from, to, type, reason]) => {
  const policy = { kind: "NetworkPolicy", namespace: "shop", name: "a" }
  const event = policyEvent({
    policy,
    apiVersion: "networking.k8s.io/v1",
    uid: "u",
    from,
    to,
    message: "why",
  })
  const regarding = { apiVersion: "networking.k8s.io/v1", ...policy, uid: "u" }
  expect(event).toEqual(
    type === undefined ? undefined : { regarding, type, reason, action: "Programming", note: "why" },
  )
})
