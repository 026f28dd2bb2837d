// Whole rulesets, brought to the streams that want one: one in each turn of the loop, so that a thousand agents that
// reconnect at once keep no change and no heartbeat waiting; and at a walk while much is on its way already.
//
// What a node's ruleset was when it was last rendered is known by its digest until something changes it. An agent that
// comes back with that digest is told so, and nothing is rendered for it.

import type { Engine } from "../compile/engine/engine.ts"
import type { ProgramDelta } from "../compile/program.ts"
import type { RulesetOptions } from "../compile/ruleset/options.ts"
import { renderBindings } from "../compile/ruleset/render-bindings.ts"
import { InFlight } from "./in-flight.ts"
import type { NodeStream, WholeRuleset } from "./node-stream.ts"
import { ownersOf } from "./owners-of.ts"
import { createSharedRulesets, type SharedRulesets } from "./shared-rulesets.ts"

export type NodeContent = Omit<WholeRuleset, "asOf" | "forget">

export interface RulesetPumpOptions {
  readonly engine: Engine
  readonly ruleset: () => RulesetOptions
  readonly streamOf: (node: string) => NodeStream | undefined
  /** Writes the content to the stream. */
  readonly send: (stream: NodeStream, content: () => NodeContent) => void
}

/** Whole rulesets on their way to agents, in bytes of all streams; beyond it they go out at a walk. */
const MOST_IN_FLIGHT = 64 * 1024 * 1024
const WALK_MS = 20
/** What rulesets share is several hundred megabytes: kept while agents come. */
const SHARED_FOR_MS = 20_000

export class RulesetPump {
  readonly #options: RulesetPumpOptions
  readonly #wanting = new Set<string>()
  readonly #inFlight = new InFlight()
  /** By node; good until the program or the settings change what the node has. */
  readonly #digests = new Map<string, string>()
  #shared: SharedRulesets | undefined
  #sharedFor: NodeJS.Timeout | undefined
  #next: NodeJS.Immediate | NodeJS.Timeout | undefined
  #isOpen = false

  constructor(options: RulesetPumpOptions) {
    this.#options = options
  }

  /** There is a program. */
  open(): void {
    this.#isOpen = true
  }

  want(stream: NodeStream): void {
    this.#wanting.add(stream.node)
    this.run()
  }

  /** The socket has taken all that was written. */
  drained(stream: NodeStream): void {
    this.#inFlight.measure(stream)
  }

  /** The agent has gone. */
  drop(stream: NodeStream): void {
    this.#wanting.delete(stream.node)
    this.#inFlight.drop(stream)
  }

  settingsChanged(): void {
    this.#shared = undefined
    this.#digests.clear()
  }

  programChanged({ families, enforcement, nodes, sets, namedPortSets }: ProgramDelta): void {
    this.#shared = undefined
    if (families !== null || enforcement !== null) return this.#digests.clear()
    for (const { node } of nodes) this.#digests.delete(node)
    for (const set of [...sets, ...namedPortSets]) for (const node of set.nodes) this.#digests.delete(node)
    this.#forgetGone()
  }

  /** Nodes come and go for years. */
  #forgetGone(): void {
    const known = this.#options.engine.program().nodes
    if (this.#digests.size <= known.size) return
    for (const node of this.#digests.keys()) if (!known.has(node)) this.#digests.delete(node)
  }

  run(): void {
    if (this.#wanting.size === 0 || !this.#isOpen || this.#next !== undefined) return
    const next = (): void => {
      this.#next = undefined
      this.#sendNext()
    }
    this.#inFlight.lookAtSome()
    this.#next = this.#inFlight.bytes > MOST_IN_FLIGHT ? setTimeout(next, WALK_MS) : setImmediate(next)
  }

  close(): void {
    this.#next?.[Symbol.dispose]()
    clearTimeout(this.#sharedFor)
  }

  #sendNext(): void {
    for (const node of this.#wanting) {
      this.#wanting.delete(node)
      const stream = this.#options.streamOf(node)
      if (stream === undefined || stream.isFollowing || stream.isBlocked) continue
      if (!this.#options.engine.program().nodes.has(node)) continue
      this.#options.send(stream, () => this.#contentOf(stream))
      this.#inFlight.measure(stream)
      break
    }
    this.run()
  }

  #contentOf(stream: NodeStream): NodeContent {
    const { node } = stream
    const program = this.#options.engine.program()
    const known = this.#digests.get(node)
    const rendered = known !== undefined && stream.holds(known) ? undefined : this.#renderings().of(node)
    const digest = rendered?.digest ?? known ?? ""
    this.#digests.set(node, digest)
    return {
      rendered,
      digest,
      bindings: renderBindings(program, node, this.#options.ruleset()),
      owners: ownersOf(program.nodes.get(node)?.endpoints() ?? []),
    }
  }

  #renderings(): SharedRulesets {
    const { engine, ruleset } = this.#options
    this.#shared ??= createSharedRulesets(engine.program(), ruleset())
    clearTimeout(this.#sharedFor)
    this.#sharedFor = setTimeout(() => (this.#shared = undefined), SHARED_FOR_MS).unref()
    return this.#shared
  }
}
