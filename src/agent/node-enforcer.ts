// The enforcer's parts joined: who asks whom, in which order, and what runs again by itself.

import { performance } from "node:perf_hooks"
import { isDeepStrictEqual } from "node:util"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { type Cache, createCache, currentBootId } from "./cache.ts"
import { type Connections, createConnections } from "./connections.ts"
import { type Conntrack, createConntrack } from "./conntrack.ts"
import { type DiscoveryOptions, discover } from "./discovery.ts"
import { Enforcement } from "./enforcement.ts"
import type { Enforcer, EnforcerOptions } from "./enforcer.ts"
import { EnforcerError } from "./enforcer-error.ts"
import type { EnforcerEvent, Reason } from "./event.ts"
import { createForgetJournal } from "./forget-journal.ts"
import { checkMask, DEFAULT_MASK } from "./generation.ts"
import { createGenerationClock, type GenerationClock, refuseForeignMarks } from "./generation-clock.ts"
import { NO_SURROUNDINGS, type Surroundings } from "./interfaces.ts"
import { createKernelTables, type KernelTables } from "./kernel-tables.ts"
import { localAddressesIn } from "./local-addresses.ts"
import { DISPATCH_MAPS, elementsOf } from "./narrows.ts"
import { preflight } from "./preflight.ts"
import type { Problem } from "./problem.ts"
import { createSerial } from "./serial.ts"
import { startProgram } from "./start-program.ts"
import type { EnforcerStatus } from "./status.ts"
import { createTimers } from "./timers.ts"
import { createUpdateInbox, type WaitingUpdate } from "./update-inbox.ts"
import { type NftablesWatch, watchNftables } from "./watch-nftables.ts"
import { type SurroundingsWatch, watchSurroundings } from "./watch-surroundings.ts"

const CHECK_EVERY_MS = 60_000
const CACHE_AFTER_MS = 500
const VERIFY_AFTER_MS = 250
const LOOK_AFTER_MS = 10
const PROBLEMS_AFTER_MS = 1_000

export class NodeEnforcer implements Enforcer {
  private readonly options: EnforcerOptions
  readonly #mask: number
  readonly #tables: KernelTables
  readonly #conntrack: Conntrack
  readonly #clock: GenerationClock
  readonly #enforcement: Enforcement
  readonly #connections: Connections
  readonly #cache: Cache
  readonly #inbox = createUpdateInbox()
  readonly #serial = createSerial()
  readonly #timers = createTimers()
  readonly #discovery: DiscoveryOptions
  #bootId = ""
  #surroundings: Surroundings = NO_SURROUNDINGS
  #problems: readonly Problem[] = []
  #error: string | undefined
  #bump = Promise.withResolvers<void>()
  #nftables: NftablesWatch | undefined
  #watch: SurroundingsWatch | undefined

  constructor(options: EnforcerOptions) {
    this.options = options
    this.#mask = options.mask ?? DEFAULT_MASK
    checkMask(this.#mask)
    const { nft, host, directory, cniResults, unknownPods = "deny", bridgeFilter = "check" } = options
    const emit = (event: EnforcerEvent): void => this.#emit(event)
    this.#tables = createKernelTables(nft)
    this.#conntrack = createConntrack(host, directory)
    this.#clock = createGenerationClock(this.#mask, this.#conntrack)
    this.#connections = createConnections({
      conntrack: this.#conntrack,
      journal: createForgetJournal(directory),
      mask: this.#mask,
      emit,
    })
    this.#enforcement = new Enforcement({
      tables: this.#tables,
      clock: this.#clock,
      unknownPods,
      emit,
      bumped: () => this.#bumped(),
      now: () => performance.now(),
    })
    this.#cache = createCache(directory)
    this.#discovery = { host, cniResults, bridgeFilter }
  }

  async start(): Promise<void> {
    await this.#serial(async () => {
      await this.#refuseImpossible()
      this.#bootId = this.options.bootId ?? (await currentBootId())
      const [kernel, cached] = await Promise.all([this.#enforcement.read(), this.#cache.read()])
      if (cached.kind === "unreadable") this.#emit({ kind: "cache-unreadable", reason: cached.reason })
      const isKnownMask =
        cached.kind === "program" &&
        cached.program.bootId === this.#bootId &&
        cached.program.mask === this.#mask
      if (this.#clock.current === undefined && !isKnownMask)
        await refuseForeignMarks(this.#mask, this.#conntrack)
      const program = startProgram({ cached, kernel, bootId: this.#bootId })
      if (program.kind === "adopted") this.#emit({ kind: "adopted", revision: program.node.revision })
      if (program.kind !== "none") this.#enforcement.hold(program.node)
      await this.#discover()
      await this.#bring("start")
      await this.#connections.recall()
      await this.#connections.finish()
    })
    this.#startWatching()
    await this.#lookForProblems()
  }

  async replace(node: NodeRuleset): Promise<void> {
    this.#inbox.nextSeries()
    await this.#serial(async () => {
      this.#enforcement.hold(node)
      this.#keepLater()
      await this.#discover()
      await this.#bring("replace")
      this.#lookForProblemsLater()
    })
  }

  async update(update: NodeUpdate): Promise<void> {
    const waiting = this.#inbox.put(update)
    const { series } = this.#inbox
    await Promise.all([this.#serial(() => this.#updateAll(series)), waiting.done.promise])
  }

  check(): Promise<void> {
    return this.#serial(() => this.#bring("event"))
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
      problems: this.#problems,
      isWatching: this.#nftables?.isListening ?? false,
      counters,
    }
  }

  async close(): Promise<void> {
    this.#timers.stop()
    this.#connections.stop()
    await Promise.all([this.#nftables?.stop(), this.#watch?.stop()])
    await this.#serial(() => this.#keep())
  }

  async #refuseImpossible(): Promise<void> {
    const { nft, host } = this.options
    const problems = await preflight({ nft, host, surroundings: NO_SURROUNDINGS, addresses: [] })
    this.#problems = problems
    const fatal = problems.filter((problem) => problem.severity === "fatal")
    if (fatal.length === 0) return
    throw new EnforcerError("not-possible", fatal.map((problem) => problem.message).join("; "), problems)
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
      this.#failed("applying an update", error)
      for (const each of waiting) each.done.reject(error)
      return
    } finally {
      this.#afterUpdates(updates)
    }
    if (this.#enforcement.generationDue) this.#bumpLater(waiting, bump)
    else for (const each of waiting) each.done.resolve()
  }

  /** The generation comes a little later; who waits for live connections waits for it. */
  #bumpLater(waiting: readonly WaitingUpdate[], bump: Promise<void>): void {
    for (const each of waiting) each.done.resolve(bump)
    this.#timers.once("generation", this.#enforcement.generationWait, () => {
      void this.#attempt("changing the generation", () => this.#enforcement.bumpGeneration())
    })
  }

  #bumped(): void {
    const { resolve } = this.#bump
    this.#bump = Promise.withResolvers<void>()
    resolve()
    this.#connections.generationCame()
  }

  #afterUpdates(updates: readonly NodeUpdate[]): void {
    this.#keepLater()
    const flips = updates.flatMap((update) => update.plan.flip)
    if (
      updates.some((update) => update.plan.add.length > 0) ||
      flips.some((command) => elementsOf(command) === undefined)
    ) {
      this.#timers.settled(
        "verify",
        VERIFY_AFTER_MS,
        () => void this.#attempt("reading back", () => this.#bring("verify")),
      )
    }
    if (flips.some((command) => DISPATCH_MAPS.has(elementsOf(command)?.name ?? ""))) this.#lookAround()
  }

  async #bring(reason: Reason): Promise<void> {
    try {
      await this.#enforcement.bring(reason)
      this.#error = undefined
    } catch (error) {
      this.#failed(`bringing the kernel to what is wanted (${reason})`, error)
      throw error
    }
  }

  async #discover(): Promise<void> {
    const program = this.#enforcement.program
    if (program === undefined) return
    this.#surroundings = await discover(this.#discovery, localAddressesIn(program.whole().ruleset))
    this.#enforcement.surround(this.#surroundings)
  }

  #lookAround(): void {
    this.#timers.once("surroundings", LOOK_AFTER_MS, () => {
      void this.#attempt("looking at the node", async () => {
        const before = this.#surroundings
        await this.#discover()
        if (isDeepStrictEqual(before, this.#surroundings)) return
        await this.#bring("surroundings")
        this.#lookForProblemsLater()
      })
    })
  }

  #startWatching(): void {
    const { host, cniResults } = this.options
    const check = (): void => {
      this.#timers.once("event", 0, () => void this.#attempt("repairing", () => this.#bring("event")))
    }
    this.#nftables = watchNftables({
      host,
      isOwn: (revision) => this.#tables.hasWritten(revision),
      drifted: check,
      foreignChain: () => this.#lookForProblemsLater(),
      restarted: (reason) => this.#restarted("nftables events", reason),
    })
    this.#watch = watchSurroundings({
      host,
      cniResults,
      changed: () => this.#lookAround(),
      restarted: (reason) => this.#restarted("ip monitor", reason),
    })
    this.#timers.every(this.options.checkEveryMs ?? CHECK_EVERY_MS, () => {
      void this.#attempt("the full check", () => this.#bring("periodic")).then(() => this.#lookForProblems())
    })
  }

  #restarted(monitor: string, reason: string): void {
    this.#enforcement.counters.monitorRestarts++
    this.#emit({ kind: "monitor-restarted", monitor, reason })
  }

  #lookForProblemsLater(): void {
    this.#timers.settled("problems", PROBLEMS_AFTER_MS, () => void this.#lookForProblems())
  }

  async #lookForProblems(): Promise<void> {
    const { nft, host } = this.options
    const program = this.#enforcement.program
    const addresses = program === undefined ? [] : [...localAddressesIn(program.whole().ruleset).addresses]
    await this.#attempt("looking for problems", async () => {
      this.#problems = await preflight({ nft, host, surroundings: this.#surroundings, addresses })
      this.#emit({ kind: "problems", problems: this.#problems })
    })
  }

  #keepLater(): void {
    this.#timers.once(
      "cache",
      CACHE_AFTER_MS,
      () => void this.#attempt("caching the program", () => this.#keep()),
    )
  }

  async #keep(): Promise<void> {
    const program = this.#enforcement.program
    if (program === undefined || this.#bootId === "") return
    await this.#cache.write({ node: program.whole(), bootId: this.#bootId, mask: this.#mask })
  }

  /** In its turn; what fails is told, and tried again by the next check. */
  async #attempt(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await this.#serial(task)
    } catch (error) {
      this.#failed(what, error)
    }
  }

  #failed(what: string, error: unknown): void {
    this.#emit({ kind: "failed", what, error })
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
