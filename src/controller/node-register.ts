// The states of all nodes, kept up to date by the streams and told to who listens.

import type { NodeReport } from "../wire/messages.ts"
import type { NodeState } from "./node-state.ts"

export class NodeRegister {
  readonly #states = new Map<string, NodeState>()
  readonly #listeners = new Set<(state: NodeState) => void>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get states(): ReadonlyMap<string, NodeState> {
    return this.#states
  }

  listen(listener: (state: NodeState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  connected(node: string, version: string): void {
    this.#change(node, { connected: true, version, desiredRevision: 0, desiredSince: 0 })
  }

  disconnected(node: string): void {
    this.#change(node, { connected: false })
  }

  sent(node: string, desiredRevision: number): void {
    this.#change(node, { desiredRevision, desiredSince: this.#now() })
  }

  reported(node: string, report: NodeReport): void {
    this.#change(node, { report, reportedAt: this.#now() })
  }

  /** Nodes of the program, and those that have a stream. */
  keepOnly(nodes: ReadonlyMap<string, unknown>): void {
    for (const node of nodes.keys()) if (!this.#states.has(node)) this.#change(node, {})
    for (const [node, { connected }] of this.#states)
      if (!connected && !nodes.has(node)) this.#states.delete(node)
  }

  #change(node: string, change: Partial<NodeState>): void {
    const state = { ...(this.#states.get(node) ?? unknownNode(node)), ...change }
    this.#states.set(node, state)
    for (const listener of this.#listeners) listener(state)
  }
}

function unknownNode(node: string): NodeState {
  return {
    node,
    connected: false,
    version: "",
    desiredRevision: 0,
    desiredSince: 0,
    report: undefined,
    reportedAt: 0,
  }
}
