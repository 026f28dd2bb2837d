// Pods that are bound to a node and have no address yet.
//
// The agent learns a pod's address before the API does. So a node has the classes of such pods beforehand, and is
// told which pod has which; a pod without uid (from files) cannot be told apart by CNI and is left out.

import type { PendingPod } from "../program.ts"
import { touchNode, touchPending } from "./batch.ts"
import { podName, widens } from "./endpoints.ts"
import type { EngineState, NodeChanges, NodeState, PendingState, PodRecord } from "./state.ts"

export function startAwaiting(state: EngineState, pod: PodRecord): void {
  const { node, uid } = pod
  if (node === null || uid === "") return
  node.awaiting = node.awaiting.concat([pod])
  touchPending(state, pod)
}

export function stopAwaiting(state: EngineState, pod: PodRecord): void {
  const { node } = pod
  if (node === null || !node.awaiting.includes(pod)) return
  node.awaiting = node.awaiting.filter((each) => each !== pod)
  touchPending(state, pod)
}

export function pendingPod({ pod, ingress, egress }: PendingState): PendingPod {
  return {
    uid: pod.uid,
    pod: podName(pod),
    ingress: ingress.policyClass.key,
    egress: egress.policyClass.key,
  }
}

/** Notes what has changed with the nodes it concerns; behind the endpoints. */
export function publishPending(state: EngineState): void {
  for (const node of state.batch.pendingNodes) {
    node.pendingTouched = false
    const before = node.pending
    const now = pendingOn(node)
    if (before.length === now.length && before.every((each, i) => isSame(each, now[i]))) continue
    const changes = touchNode(state, node)
    node.pending = now
    changes.pendingBefore = before
    changes.narrows ||= !before.every((each) => keepsAccess(each, now, changes))
  }
}

function pendingOn({ awaiting }: NodeState): readonly PendingState[] {
  const all = awaiting.flatMap((pod): readonly PendingState[] => {
    const { ingress = null, egress = null } = pod.labelSet?.identity ?? {}
    return ingress === null || egress === null ? [] : [{ pod, ingress, egress }]
  })
  const inOrder = all.toSorted(
    (a, b) => compareText(a.pod.uid, b.pod.uid) || compareText(podName(a.pod), podName(b.pod)),
  )
  return inOrder.filter(({ pod }, i) => inOrder[i - 1]?.pod.uid !== pod.uid)
}

function isSame(a: PendingState, b: PendingState | undefined): boolean {
  return (
    a.pod.uid === b?.pod.uid &&
    podName(a.pod) === podName(b.pod) &&
    a.ingress === b.ingress &&
    a.egress === b.egress
  )
}

/** Still pending, or with an address now, and by its class it may do all that it could. */
function keepsAccess(
  before: PendingState,
  pending: readonly PendingState[],
  { arrived }: NodeChanges,
): boolean {
  const { uid } = before.pod
  const now = [
    ...pending.filter(({ pod }) => pod.uid === uid),
    ...arrived.filter(({ owner }) => owner?.uid === uid),
  ]
  return (
    now.length > 0 &&
    now.every(({ ingress, egress }) => widens(before.ingress, ingress) && widens(before.egress, egress))
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
