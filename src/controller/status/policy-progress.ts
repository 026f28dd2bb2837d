// Which nodes have not confirmed a policy's newest generation yet.
//
// Only that is kept: with everything in force it is empty, however large the cluster. A node counts as outstanding from
// the moment at which a policy changes until it reports the revision in which the change was sent to it. Nodes that get
// their first pod of a policy later count as confirmed: pod and policy come to them in one update, and what fails then
// is told as the node's trouble.

import type { NodeState } from "../node-state.ts"

export interface PolicyVersion {
  /** See policyKey. */
  readonly key: string
  readonly uid: string
  readonly generation: number
  readonly enforcement: "enforce" | "observe"
  readonly nodes: Iterable<string>
}

type VersionOfPolicy = Pick<PolicyVersion, "uid" | "generation" | "enforcement">

export interface PolicyProgress {
  /** The program that the nodes are sent has this version of the policy; where it is a new one, true. */
  follow(version: PolicyVersion): boolean
  drop(key: string): void
  nodeChanged(state: NodeState): void
  /** Somebody else has heard it from the node. */
  confirmed(key: string, version: VersionOfPolicy, node: string): void
  isConfirmed(key: string, node: string): boolean
  outstanding(key: string): Iterable<string>
  /** Keys of policies that the node has not confirmed. */
  outstandingOn(node: string): readonly string[]
  version(key: string): VersionOfPolicy | undefined
  keys(): Iterable<string>
}

export interface ProgressOptions {
  readonly stateOf: (node: string) => NodeState | undefined
  /** A node fewer is outstanding. */
  readonly onConfirmed: (key: string, node: string) => void
  /** There is a new version. */
  readonly onFollowed?: (key: string) => void
}

interface PolicyRecord {
  readonly uid: string
  readonly generation: number
  readonly enforcement: "enforce" | "observe"
  /** By node: the revision that it must report; NOT_SENT where that is not known yet. */
  readonly outstanding: Map<string, number>
}

const NOT_SENT = 0

export function createPolicyProgress(options: ProgressOptions): PolicyProgress {
  const { stateOf, onConfirmed, onFollowed } = options
  const records = new Map<string, PolicyRecord>()
  const keysByNode = new Map<string, Set<string>>()

  const settle = (key: string, record: PolicyRecord, node: string): void => {
    if (!record.outstanding.delete(node)) return
    const keys = keysByNode.get(node)
    keys?.delete(key)
    if (keys?.size === 0) keysByNode.delete(node)
    onConfirmed(key, node)
  }
  const ask = (key: string, record: PolicyRecord, state: NodeState): void => {
    const { node } = state
    const wanted = wantedRevision(record.outstanding.get(node) ?? NOT_SENT, state)
    record.outstanding.set(node, wanted)
    if (wanted !== NOT_SENT && state.report !== undefined && hasReached(state.report.revision, wanted))
      settle(key, record, node)
  }
  const forget = (key: string): void => {
    for (const node of records.get(key)?.outstanding.keys() ?? []) keysByNode.get(node)?.delete(key)
    records.delete(key)
  }
  return {
    follow: ({ key, uid, generation, enforcement, nodes }) => {
      const before = records.get(key)
      if (before !== undefined && isSame(before, { uid, generation, enforcement })) return false
      forget(key)
      const record: PolicyRecord = { uid, generation, enforcement, outstanding: new Map() }
      records.set(key, record)
      for (const node of nodes) {
        record.outstanding.set(node, NOT_SENT)
        keysByNode.set(node, (keysByNode.get(node) ?? new Set()).add(key))
        const state = stateOf(node)
        if (state !== undefined) ask(key, record, state)
      }
      onFollowed?.(key)
      return true
    },
    drop: forget,
    nodeChanged: (state) => {
      for (const key of Array.from(keysByNode.get(state.node) ?? [])) {
        const record = records.get(key)
        if (record !== undefined) ask(key, record, state)
      }
    },
    confirmed: (key, version, node) => {
      const record = records.get(key)
      if (record !== undefined && isSame(record, version)) settle(key, record, node)
    },
    isConfirmed: (key, node) => records.get(key)?.outstanding.has(node) === false,
    outstanding: (key) => records.get(key)?.outstanding.keys() ?? [],
    outstandingOn: (node) => Array.from(keysByNode.get(node) ?? []),
    version: (key) => records.get(key),
    keys: () => records.keys(),
  }
}

function isSame(a: VersionOfPolicy, b: VersionOfPolicy): boolean {
  return a.uid === b.uid && a.generation === b.generation && a.enforcement === b.enforcement
}

/** A stream that has just begun has other numbers: what is written first to it holds everything. */
function wantedRevision(wanted: number, { connected, desiredRevision }: NodeState): number {
  if (!connected || desiredRevision === 0) return NOT_SENT
  return wanted === NOT_SENT ? desiredRevision : wanted
}

/** Revisions begin anew after 2^32 - 1. */
function hasReached(revision: number, wanted: number): boolean {
  return revision !== 0 && (revision - wanted) >>> 0 < 0x80000000
}
