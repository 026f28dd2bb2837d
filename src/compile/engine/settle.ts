// The end of a batch: everything that was touched is brought up to date, once, and told as a delta.

import type { ProgramDelta } from "../program.ts"
import type { AddressFamily, Enforcement } from "../snapshot.ts"
import { sizeOf, visitItems } from "./bag.ts"
import { createBatch, isNamed, touchLabelSet } from "./batch.ts"
import { createDeltaDraft, type DeltaDraft, finishDelta } from "./delta-draft.ts"
import { publishEndpoint, uidOf } from "./endpoints.ts"
import { type Moves, noteMove, publishMoves } from "./membership.ts"
import { removeNode } from "./node.ts"
import { publishPending } from "./pending.ts"
import { removeAddress } from "./pod.ts"
import { reclaim } from "./reclaim.ts"
import { spreadSets, updateSpans } from "./span.ts"
import { restack } from "./stack.ts"
import type { EngineState, LabelSet } from "./state.ts"
import { touchedPolicies } from "./touched-policies.ts"

/** `enforcement` where the cluster's mode was changed. */
export function settle(state: EngineState, enforcement: Enforcement | null = null): ProgramDelta {
  const draft = publish(state)
  const delta = finishDelta(draft, state.batch, {
    families: settleFamilies(state),
    enforcement,
    touchedPolicies: touchedPolicies(state),
  })
  close(state)
  return delta
}

/** The same where nobody asks what has changed. */
export function settleUntold(state: EngineState): void {
  publish(state)
  settleFamilies(state)
  close(state)
}

function publish(state: EngineState): DeltaDraft {
  const draft = createDeltaDraft()
  const moves: Moves = new Map()
  settleClasses(state)
  publishAddresses(state, draft, moves)
  publishPending(state)
  if (state.batch.number === 2) spreadSets(state)
  updateSpans(state, draft)
  publishMoves(state, draft, moves)
  return draft
}

function close(state: EngineState): void {
  const { batch } = state
  forgetBefore(batch.moved)
  reclaim(state)
  forgetBefore(batch.moved)
  for (const node of batch.nodes) {
    node.changes = null
    if (!isNamed(node)) removeNode(state, node)
  }
  state.batch = createBatch(batch.number + 1)
}

function settleClasses(state: EngineState): void {
  const { identities, moved } = state.batch
  for (const identity of identities) {
    identity.touched = false
    if (sizeOf(identity.labelSets) === 0 || !restack(state, identity)) continue
    visitItems(identity.labelSets, (labelSet) => touchLabelSet(state, labelSet))
  }
  identities.length = 0
  for (const labelSet of moved) if (hasOtherClasses(labelSet)) touchLabelSet(state, labelSet)
}

function hasOtherClasses({ before, identity }: LabelSet): boolean {
  return before !== null && (before.ingress !== identity.ingress || before.egress !== identity.egress)
}

function publishAddresses(state: EngineState, { forget }: DeltaDraft, moves: Moves): void {
  const { number, addresses } = state.batch
  addresses.forEach((record) => {
    const { address, owner, published } = record
    // Before the first batch nodes held nothing.
    if (number > 1) noteMove(moves, record)
    publishEndpoint(state, record)
    if (published !== null && (owner === null || uidOf(owner) !== uidOf(published))) forget.push(address)
    record.published = owner
    record.touched = false
    if (owner === null) removeAddress(state, record)
  })
}

/** Null where they are what they were. */
function settleFamilies(state: EngineState): readonly AddressFamily[] | null {
  const all: readonly AddressFamily[] = ["IPv4", "IPv6"]
  const used = all.filter((family) => state.families[family] > 0)
  if (used.join() === state.usedFamilies.join()) return null
  state.usedFamilies = used
  return used
}

function forgetBefore(moved: LabelSet[]): void {
  for (const labelSet of moved) labelSet.before = null
  moved.length = 0
}
