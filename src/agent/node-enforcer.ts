// The enforcer's parts joined: who asks whom, and in which order.

import { performance } from "node:perf_hooks"
import { rulesetDigest } from "../wire/digest.ts"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { Background } from "./background.ts"
import { type Cache, createCache, currentBootId } from "./cache.ts"
import { type Connections, createConnections } from "./connections.ts"
import { type Conntrack, createConntrack } from "./conntrack.ts"
import { createDenyCounts, type DenyCount, type DenyCounts } from "./deny-counts.ts"
import { Enforcement } from "./enforcement.ts"
import { EnforcerError } from "./enforcer-error.ts"
import type { EnforcerOptions } from "./enforcer-options.ts"
import type { EnforcerEvent, Reason } from "./event.ts"
import { createForgetJournal } from "./forget-journal.ts"
import { checkMask, DEFAULT_MASK } from "./generation.ts"
import { createGenerationClock, type GenerationClock, refuseForeignMarks } from "./generation-clock.ts"
import { createKernelTables } from "./kernel-tables.ts"
import { createLastOwners, type LastOwners } from "./last-owners.ts"
import { liveAddresses } from "./live-connections.ts"
import { DISPATCH_MAPS, elementsOf } from "./narrows.ts"
import { readNodeAddresses } from "./node-addresses.ts"
import { createObserveSwitch, type ObserveSwitch } from "./observe-switch.ts"
import { PodAddresses } from "./pod-addresses.ts"
import { createProgramKeeper, type ProgramKeeper } from "./program-keeper.ts"
import { NO_SIZES } from "./program-sizes.ts"
import { createSerial } from "./serial.ts"
import { startProgram } from "./start-program.ts"
import type { EnforcerStatus, Held } from "./status.ts"
import { UpdateDesk } from "./update-desk.ts"

export class NodeEnforcer {
  private readonly options: EnforcerOptions
  readonly #mask: number
  readonly #conntrack: Conntrack
  readonly #clock: GenerationClock
  readonly #enforcement: Enforcement
  readonly #connections: Connections
  readonly #background: Background
  readonly #cache: Cache
  readonly #lastOwners: LastOwners
  readonly #addresses: PodAddresses
  readonly #keeper: ProgramKeeper
  readonly #switch: ObserveSwitch
  readonly #denyCounts: DenyCounts
  readonly #updates: UpdateDesk
  readonly #inTurn = createSerial()
  #bootId = ""
  #error: string | undefined

  constructor(options: EnforcerOptions) {
    this.options = options
    this.#mask = options.mask ?? DEFAULT_MASK
    checkMask(this.#mask)
    const { nft, host, directory, unknownPods = "deny" } = options
    const emit = (event: EnforcerEvent): void => this.#emit(event)
    const tables = createKernelTables(nft)
    this.#conntrack = createConntrack(host, directory)
    this.#clock = createGenerationClock(this.#mask, this.#conntrack)
    this.#connections = createConnections({
      conntrack: this.#conntrack,
      journal: createForgetJournal(directory),
      mask: this.#mask,
      emit,
      isObserving: () => this.#enforcement.desired.isObserving,
    })
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
      attached: () => this.#attach(),
      emit,
    })
    this.#cache = createCache(directory)
    this.#keeper = createProgramKeeper({
      cache: this.#cache,
      mask: this.#mask,
      program: () => this.#enforcement.program,
      bootId: () => this.#bootId,
      emit,
    })
    this.#lastOwners = createLastOwners(directory)
    this.#addresses = new PodAddresses({
      attachments: () => this.#background.attachments,
      enforcement: this.#enforcement,
      connections: this.#connections,
      lastOwners: this.#lastOwners,
      emit,
    })
    this.#updates = new UpdateDesk({
      serial: this.#inTurn,
      enforcement: this.#enforcement,
      connections: this.#connections,
      addresses: this.#addresses,
      applied: (updates) => this.#afterUpdates(updates),
      failed: (error) => {
        this.#emit({ kind: "failed", what: "applying an update", error })
        this.#background.tryAgain()
      },
      bumpLater: () => this.#bumpLater(),
    })
    this.#switch = createObserveSwitch(directory)
    this.#denyCounts = createDenyCounts(host)
  }

  async start(): Promise<void> {
    await this.#asked("starting", async () => {
      await this.#background.refuseImpossible()
      await this.#takeUp()
      await this.#background.discover()
      this.#addresses.prepare()
      await this.#bring("start")
      await this.#connections.recall()
      await this.#connections.finish()
    })
    this.#background.start()
  }

  async replace({ forget = [], ...node }: NodeRuleset): Promise<void> {
    this.#updates.nextSeries()
    await this.#asked("applying a ruleset", async () => {
      const ending = this.#addresses.ending(forget, node.owners ?? {})
      await this.#connections.announce(ending)
      this.#enforcement.hold(node)
      void this.#keeper.keepWhole()
      await this.#background.discover()
      this.#addresses.prepare()
      await this.#bring("replace")
      await this.#addresses.ended(ending)
    })
    this.#background.problemsChanged()
  }

  update(update: NodeUpdate): Promise<void> {
    return this.#updates.apply(update)
  }

  async unchanged({ revision, forget = [], ...news }: Omit<NodeRuleset, "ruleset">): Promise<void> {
    const { program } = this.#enforcement
    if (program === undefined) throw new EnforcerError("out-of-step", "no ruleset is held")
    const plan = { add: [], flip: [], remove: [] }
    // Those before it are refused by their number.
    await this.update({ ...news, from: program.revision, revision, plan, forget, narrows: false })
  }

  held(): Held {
    const { program } = this.#enforcement
    if (program === undefined) return { revision: 0, digest: "", asOf: "" }
    const { ruleset } = program.whole()
    return { revision: program.revision, digest: rulesetDigest(ruleset), asOf: program.asOf }
  }

  async observe(isOn: boolean): Promise<void> {
    await this.#asked("changing the observe mode", () => this.#enforcement.observe(isOn))
    this.#background.structureChanged()
    await this.#switch.write(isOn)
  }

  async connections(limit: number): Promise<readonly string[]> {
    const { host } = this.options
    return await liveAddresses(host, await readNodeAddresses(host), limit)
  }

  denied(): Promise<readonly DenyCount[]> {
    return this.#denyCounts.read()
  }

  check(): Promise<void> {
    return this.#asked("checking", () => this.#bring("event"))
  }

  status(): EnforcerStatus {
    const { refusals, desired, counters, program, revisionInForce } = this.#enforcement
    return {
      wanted: program?.revision,
      revision: revisionInForce,
      generation: this.#clock.current,
      error: this.#error,
      isolated: [...refusals.isolated.values()].map(({ object, error }) => ({
        object,
        error: error.message,
      })),
      failedClosed: desired.failedClosed,
      problems: this.#background.problems,
      addresses: this.#background.addresses,
      isWatching: this.#background.isWatching,
      observing: desired.isObserving,
      sizes: program?.sizes ?? NO_SIZES,
      counters,
    }
  }

  async close(): Promise<void> {
    this.#connections.stop()
    await this.#background.stop()
    await this.#inTurn(() => Promise.resolve())
    await this.#keeper.idle()
  }

  /** The kernel's table, or the cached program, before anyone has said anything. */
  async #takeUp(): Promise<void> {
    const { desired } = this.#enforcement
    this.#bootId = this.options.bootId ?? (await currentBootId())
    await this.#attempt("reading the observe switch", async () => {
      desired.isObserving = await this.#switch.read()
    })
    await this.#attempt("reading who had an address", () => this.#lastOwners.read(this.#bootId))
    const [kernel, cached] = await Promise.all([this.#enforcement.read(), this.#cache.read()])
    if (cached.kind === "unreadable") this.#emit({ kind: "cache-unreadable", reason: cached.reason })
    const known = cached.kind === "program" ? cached.program : undefined
    const isKnownMask = known?.bootId === this.#bootId && known.mask === this.#mask
    if (this.#clock.current === undefined && !isKnownMask)
      await refuseForeignMarks(this.#mask, this.#conntrack)
    const program = startProgram({ cached, kernel, bootId: this.#bootId, isObserving: desired.isObserving })
    if (program.kind === "none") return
    if (program.kind === "adopted") this.#emit({ kind: "adopted", revision: program.node.revision })
    this.#enforcement.hold(program.node)
    void this.#keeper.keepWhole()
  }

  /** In turn. */
  async #attach(): Promise<void> {
    await this.#addresses.attach()
    if (this.#enforcement.generationDue) this.#bumpLater()
  }

  #bumpLater(): void {
    const bump = (): Promise<void> => this.#enforcement.bumpGeneration()
    this.#background.after("changing the generation", this.#enforcement.generationWait, bump)
  }

  #bumped(): void {
    this.#updates.bumped()
    this.#connections.generationCame()
  }

  #afterUpdates(updates: readonly NodeUpdate[]): void {
    this.#error = undefined
    void this.#keeper.keep(updates)
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

  /** What must not keep the node from enforcing is told, by false too. */
  async #attempt(what: string, task: () => Promise<void>): Promise<boolean> {
    try {
      await task()
      return true
    } catch (error) {
      this.#emit({ kind: "failed", what, error })
      return false
    }
  }

  async #bring(reason: Reason): Promise<void> {
    await this.#enforcement.bring(reason)
    this.#error = undefined
    void this.#keeper.keep([])
    // Announced with an update that failed.
    await this.#connections.finish()
    if (this.#enforcement.desired.side.withheld.size === 0) return
    // The rules are in force without those addresses.
    const isDone = await this.#attempt("ending connections of last owners", () => this.#attach())
    if (!isDone) this.#background.tryAgain()
  }

  #emit(event: EnforcerEvent): void {
    if (event.kind === "failed") {
      const { error, what } = event
      this.#error = `${what}: ${error instanceof Error ? error.message : String(error)}`
    }
    if (event.kind === "forgot") this.#enforcement.counters.forgotten += event.addresses.length
    this.options.onEvent?.(event)
  }
}
