// The enforcer's parts joined: who asks whom, and in which order.

import { performance } from "node:perf_hooks"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { Background } from "./background.ts"
import { type Cache, createCache, currentBootId } from "./cache.ts"
import { type Connections, createConnections } from "./connections.ts"
import { type Conntrack, createConntrack } from "./conntrack.ts"
import { Enforcement } from "./enforcement.ts"
import type { Enforcer, EnforcerOptions } from "./enforcer.ts"
import { EnforcerError } from "./enforcer-error.ts"
import type { EnforcerEvent, Reason } from "./event.ts"
import { createForgetJournal } from "./forget-journal.ts"
import { checkMask, DEFAULT_MASK } from "./generation.ts"
import { createGenerationClock, type GenerationClock, refuseForeignMarks } from "./generation-clock.ts"
import { createKernelTables } from "./kernel-tables.ts"
import { DISPATCH_MAPS, elementsOf } from "./narrows.ts"
import { createSerial } from "./serial.ts"
import { startProgram } from "./start-program.ts"
import type { EnforcerStatus } from "./status.ts"
import { createUpdateInbox, type WaitingUpdate } from "./update-inbox.ts"

export class NodeEnforcer implements Enforcer {
  private readonly options: EnforcerOptions
  readonly #mask: number
  readonly #conntrack: Conntrack
  readonly #clock: GenerationClock
  readonly #enforcement: Enforcement
  readonly #connections: Connections
  readonly #background: Background
  readonly #cache: Cache
  readonly #inbox = createUpdateInbox()
  readonly #inTurn = createSerial()
  readonly #toDisk = createSerial()
  #bootId = ""
  #error: string | undefined
  #bump = Promise.withResolvers<void>()

  constructor(options: EnforcerOptions) {
    this.options = options
    this.#mask = options.mask ?? DEFAULT_MASK
    checkMask(this.#mask)
    const { nft, host, directory, unknownPods = "deny" } = options
    const emit = (event: EnforcerEvent): void => this.#emit(event)
    const tables = createKernelTables(nft)
    const journal = createForgetJournal(directory)
    this.#conntrack = createConntrack(host, directory)
    this.#clock = createGenerationClock(this.#mask, this.#conntrack)
    this.#connections = createConnections({ conntrack: this.#conntrack, journal, mask: this.#mask, emit })
    this.#enforcement = new Enforcement({
      tables,
      clock: this.#clock,
      unknownPods,
      emit,
      bumped: () => this.#bumped(),
      now: () => performance.now(),
    })
    this.#background = new Background({
      options,
      serial: this.#inTurn,
      tables,
      enforcement: this.#enforcement,
      bring: (reason) => this.#bring(reason),
      emit,
    })
    this.#cache = createCache(directory)
  }

  async start(): Promise<void> {
    await this.#asked("starting", async () => {
      const fatal = await this.#background.fatalProblems()
      if (fatal.length > 0) {
        const message = fatal.map((problem) => problem.message).join("; ")
        throw new EnforcerError("not-possible", message, this.#background.problems)
      }
      await this.#takeUp()
      await this.#background.discover()
      await this.#bring("start")
      await this.#connections.recall()
      await this.#connections.finish()
    })
    this.#background.start()
  }

  async replace({ forget = [], ...node }: NodeRuleset): Promise<void> {
    this.#inbox.nextSeries()
    await this.#asked("applying a ruleset", async () => {
      await this.#connections.announce(forget)
      this.#enforcement.hold(node)
      void this.#keepWhole()
      await this.#background.discover()
      await this.#bring("replace")
    })
    this.#background.problemsChanged()
  }

  async update(update: NodeUpdate): Promise<void> {
    const waiting = this.#inbox.put(update)
    const { series } = this.#inbox
    await Promise.all([this.#inTurn(() => this.#updateAll(series)), waiting.done.promise])
  }

  check(): Promise<void> {
    return this.#asked("checking", () => this.#bring("event"))
  }

  status(): EnforcerStatus {
    const { isolated, failedClosed, counters, program, revisionInForce } = this.#enforcement
    return {
      wanted: program?.revision,
      revision: revisionInForce,
      generation: this.#clock.current,
      error: this.#error,
      isolated: [...isolated.values()].map(({ object, error }) => ({ object, error: error.message })),
      failedClosed,
      problems: this.#background.problems,
      addresses: this.#background.addresses,
      isWatching: this.#background.isWatching,
      counters,
    }
  }

  async close(): Promise<void> {
    this.#connections.stop()
    await this.#background.stop()
    await this.#inTurn(() => Promise.resolve())
    await this.#toDisk(() => Promise.resolve())
  }

  /** The kernel's table, or the cached program, before anyone has said anything. */
  async #takeUp(): Promise<void> {
    this.#bootId = this.options.bootId ?? (await currentBootId())
    const [kernel, cached] = await Promise.all([this.#enforcement.read(), this.#cache.read()])
    if (cached.kind === "unreadable") this.#emit({ kind: "cache-unreadable", reason: cached.reason })
    const known = cached.kind === "program" ? cached.program : undefined
    const isKnownMask = known?.bootId === this.#bootId && known.mask === this.#mask
    if (this.#clock.current === undefined && !isKnownMask)
      await refuseForeignMarks(this.#mask, this.#conntrack)
    const program = startProgram({ cached, kernel, bootId: this.#bootId })
    if (program.kind === "none") return
    if (program.kind === "adopted") this.#emit({ kind: "adopted", revision: program.node.revision })
    this.#enforcement.hold(program.node)
    void this.#keepWhole()
  }

  async #updateAll(series: number): Promise<void> {
    const waiting = this.#inbox.take(series, this.#enforcement.program?.revision)
    if (waiting.length === 0) return
    const updates = waiting.map((each) => each.update)
    const { promise: bump } = this.#bump
    try {
      await this.#connections.announce(updates.flatMap((update) => update.forget))
      await this.#enforcement.update(updates)
      await this.#connections.finish()
      this.#error = undefined
    } catch (error) {
      this.#emit({ kind: "failed", what: "applying an update", error })
      this.#background.tryAgain()
      for (const each of waiting) each.done.reject(error)
      return
    }
    this.#afterUpdates(updates)
    if (this.#enforcement.generationDue) this.#bumpLater(waiting, bump)
    else for (const each of waiting) each.done.resolve()
  }

  /** The generation comes a little later; who waits for live connections waits for it. */
  #bumpLater(waiting: readonly WaitingUpdate[], bump: Promise<void>): void {
    for (const each of waiting) each.done.resolve(bump)
    const { generationWait } = this.#enforcement
    this.#background.after("changing the generation", generationWait, () =>
      this.#enforcement.bumpGeneration(),
    )
  }

  #bumped(): void {
    const { resolve } = this.#bump
    this.#bump = Promise.withResolvers<void>()
    resolve()
    this.#connections.generationCame()
  }

  #afterUpdates(updates: readonly NodeUpdate[]): void {
    void this.#keep(updates)
    const flips = updates.flatMap((update) => update.plan.flip)
    const hasObjects = updates.some((update) => update.plan.add.length > 0)
    if (hasObjects || flips.some((command) => elementsOf(command) === undefined))
      this.#background.structureChanged()
    if (flips.some((command) => DISPATCH_MAPS.has(elementsOf(command)?.name ?? "")))
      this.#background.lookAround()
  }

  async #asked(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(task)
    } catch (error) {
      this.#emit({ kind: "failed", what, error })
      this.#background.tryAgain()
      throw error
    }
  }

  async #bring(reason: Reason): Promise<void> {
    await this.#enforcement.bring(reason)
    this.#error = undefined
    // Announced with an update that failed.
    await this.#connections.finish()
  }

  async #keep(updates: readonly NodeUpdate[]): Promise<void> {
    if (this.#cache.isLong) return this.#keepWhole()
    await this.#writing(async () => {
      for (const update of updates) await this.#cache.append(update)
    })
  }

  #keepWhole(): Promise<void> {
    return this.#writing(async () => {
      const program = this.#enforcement.program
      if (program === undefined) return
      await this.#cache.write({ node: program.whole(), bootId: this.#bootId, mask: this.#mask })
    })
  }

  async #writing(task: () => Promise<void>): Promise<void> {
    try {
      await this.#toDisk(task)
    } catch (error) {
      this.#emit({ kind: "failed", what: "caching the program", error })
    }
  }

  #emit(event: EnforcerEvent): void {
    if (event.kind === "failed") this.#error = `${event.what}: ${messageOf(event.error)}`
    if (event.kind === "forgot") this.#enforcement.counters.forgotten += event.addresses.length
    this.options.onEvent?.(event)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
