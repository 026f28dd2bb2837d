// What an enforcer does without being asked: it listens, looks around, and checks from time to time.
//
// Every task runs in its turn among those that were asked for, and each waits at most once: ten events ask for one check.

import { isDeepStrictEqual } from "node:util"
import { type Attachments, createAttachments } from "./attachments.ts"
import { type DiscoveryOptions, discover } from "./discovery.ts"
import type { Enforcement } from "./enforcement.ts"
import { EnforcerError } from "./enforcer-error.ts"
import type { EnforcerOptions } from "./enforcer-options.ts"
import type { EnforcerEvent, Reason } from "./event.ts"
import { createForeignCheck, type ForeignCheck } from "./foreign-check.ts"
import { NO_SURROUNDINGS, type Surroundings } from "./interfaces.ts"
import type { KernelTables } from "./kernel-tables.ts"
import { readNodeAddresses } from "./node-addresses.ts"
import { preflight } from "./preflight.ts"
import type { Problem } from "./problem.ts"
import { createSerial, type Serial } from "./serial.ts"
import { createTimers } from "./timers.ts"
import { type NftablesWatch, watchNftables } from "./watch-nftables.ts"
import { type SurroundingsWatch, watchSurroundings } from "./watch-surroundings.ts"

export interface BackgroundParts {
  readonly options: EnforcerOptions
  readonly serial: Serial
  readonly tables: KernelTables
  readonly enforcement: Enforcement
  readonly bring: (reason: Reason) => Promise<void>
  /** What CNI results say may have changed. */
  readonly attached: () => Promise<void>
  readonly emit: (event: EnforcerEvent) => void
}

/** The node as it was seen, counted by when the look began. */
interface Look {
  readonly number: number
  readonly surroundings: Surroundings
}

const CHECK_EVERY_MS = 60_000
const LEAST_RETRY_MS = 500
const VERIFY_AFTER_MS = 2_000
const LOOK_AFTER_MS = 10
const PROBLEMS_AFTER_MS = 1_000

export class Background {
  problems: readonly Problem[] = []
  addresses: readonly string[] = []
  readonly attachments: Attachments
  private readonly parts: BackgroundParts
  readonly #timers = createTimers()
  readonly #discovery: DiscoveryOptions
  readonly #foreign: ForeignCheck
  #surroundings: Surroundings = NO_SURROUNDINGS
  readonly #reading = createSerial()
  #newest: Look | undefined
  #looks = 0
  #taken = 0
  #isStopped = false
  #nftables: NftablesWatch | undefined
  #watch: SurroundingsWatch | undefined
  readonly #waiting = new Set<string>()
  #retryAfter = LEAST_RETRY_MS

  constructor(parts: BackgroundParts) {
    this.parts = parts
    const { host, nft, cniResults = [], bridgeFilter = "check" } = parts.options
    this.attachments = createAttachments(cniResults)
    this.#discovery = { host, attachments: this.attachments, bridgeFilter }
    this.#foreign = createForeignCheck(nft, host)
  }

  get isWatching(): boolean {
    return this.#nftables?.isListening ?? false
  }

  /** Throws EnforcerError where this node cannot enforce anything; found before anything else is done. */
  async refuseImpossible(): Promise<void> {
    const { host } = this.parts.options
    this.problems = await preflight({
      host,
      foreign: this.#foreign,
      surroundings: NO_SURROUNDINGS,
      addresses: [],
    })
    const fatal = this.problems.filter((problem) => problem.severity === "fatal")
    if (fatal.length === 0) return
    const message = fatal.map((problem) => problem.message).join("; ")
    throw new EnforcerError("not-possible", message, this.problems)
  }

  /** To be called in turn: the enforcement knows the interfaces afterwards. */
  async discover(): Promise<void> {
    this.#take(await this.#read())
  }

  async #read(): Promise<Look | undefined> {
    const { program } = this.parts.enforcement
    const number = ++this.#looks
    if (program === undefined) return undefined
    return { number, surroundings: await discover(this.#discovery, program.local) }
  }

  /** What was begun before something that is known by now says nothing new. */
  #take(look: Look | undefined): void {
    if (look === undefined || look.number < this.#taken) return
    this.#taken = look.number
    this.#surroundings = look.surroundings
    this.parts.enforcement.desired.surroundings = look.surroundings
  }

  start(): void {
    const { options, tables } = this.parts
    const { host, checkEveryMs = CHECK_EVERY_MS } = options
    this.#nftables = watchNftables({
      host,
      isOwn: (revision) => tables.isOwn(revision),
      drifted: () => {
        tables.expectNone()
        this.#inTurn("repairing", () => this.parts.bring("event"))
      },
      foreignChain: () => this.problemsChanged(),
      restarted: (reason) => this.#restarted("nftables events", reason),
    })
    this.#watch = watchSurroundings({
      host,
      changed: () => this.lookAround(),
      restarted: (reason) => this.#restarted("ip monitor", reason),
    })
    this.attachments.watch(() => {
      this.#inTurn("the addresses of pods", () => this.parts.attached())
      this.lookAround()
    })
    this.#timers.every(checkEveryMs, () => {
      this.#inTurn("the full check", () => this.parts.bring("periodic"))
      this.problemsChanged()
    })
    this.problemsChanged()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timers.stop()
    this.attachments.stop()
    await this.#reading(() => Promise.resolve())
    await Promise.all([this.#nftables?.stop(), this.#watch?.stop()])
  }

  after(name: string, milliseconds: number, task: () => Promise<void>): void {
    this.#timers.once(name, milliseconds, () => this.#inTurn(name, task))
  }

  /** Objects came or went: when it is quiet what is there is compared with what was written. */
  structureChanged(): void {
    this.#timers.settled("reading back", VERIFY_AFTER_MS, () => {
      this.#inTurn("reading back", () => this.parts.bring("verify"))
    })
  }

  /** Read beside what goes on, so that the address of a pod whose interface has just come need not wait for it. */
  lookAround(): void {
    this.#timers.once("looking at the node", LOOK_AFTER_MS, () => {
      void this.#reading(() => this.#lookNow()).catch((error: unknown) =>
        this.#failed("looking at the node", error),
      )
    })
  }

  async #lookNow(): Promise<void> {
    if (this.#isStopped) return
    this.#newest = await this.#read()
    this.#inTurn("what is around", async () => {
      const before = this.#surroundings
      this.#take(this.#newest)
      await this.parts.attached()
      if (isDeepStrictEqual(before, this.#surroundings)) return
      await this.parts.bring("surroundings")
      this.problemsChanged()
    })
  }

  problemsChanged(): void {
    this.#timers.settled("problems", PROBLEMS_AFTER_MS, () => void this.#lookForProblems())
  }

  /** Not in turn: it changes nothing, and nobody shall wait for it. */
  async #lookForProblems(): Promise<void> {
    const { options, enforcement, emit } = this.parts
    const addresses = [...(enforcement.program?.local.addresses.keys() ?? [])]
    try {
      const scope = {
        host: options.host,
        foreign: this.#foreign,
        surroundings: this.#surroundings,
        addresses,
      }
      this.problems = await preflight(scope)
      this.addresses = await readNodeAddresses(options.host)
      emit({ kind: "problems", problems: this.problems })
    } catch (error) {
      emit({ kind: "failed", what: "looking for problems", error })
    }
  }

  /**
   * The kernel is not, or may not be, what is wanted: that is tried again soon, then less and less often, until it
   * has worked once. Until then what was taken away may still be open.
   */
  tryAgain(): void {
    const isStarted = this.#nftables !== undefined
    if (!isStarted) return
    this.after("trying again", this.#retryAfter, async () => {
      await this.parts.bring("update")
      this.#retryAfter = LEAST_RETRY_MS
    })
    this.#retryAfter = Math.min(2 * this.#retryAfter, CHECK_EVERY_MS)
  }

  /** What fails is told, and tried again. */
  #inTurn(what: string, task: () => Promise<void>): void {
    if (this.#waiting.has(what)) return
    this.#waiting.add(what)
    const begun = async (): Promise<void> => {
      this.#waiting.delete(what)
      await task()
    }
    void this.parts.serial(begun).catch((error: unknown) => this.#failed(what, error))
  }

  #failed(what: string, error: unknown): void {
    this.parts.emit({ kind: "failed", what, error })
    this.tryAgain()
  }

  #restarted(monitor: string, reason: string): void {
    this.parts.enforcement.counters.monitorRestarts++
    this.parts.emit({ kind: "monitor-restarted", monitor, reason })
  }
}
