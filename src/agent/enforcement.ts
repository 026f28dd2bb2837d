// Brings the kernel's tables to what is wanted, and keeps them there. Nothing here runs beside itself: the enforcer
// calls one method at a time.

import { setTimeout } from "node:timers/promises"
import { diff, isEmpty } from "nftables-json/diff"
import { NftError, type NftErrorCode } from "nftables-json/errors"
import type { Plan } from "nftables-json/plan"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { ANTISPOOF_TABLE } from "./antispoof.ts"
import { coalesce } from "./coalesce.ts"
import { countOf, outline, surely } from "./comparison.ts"
import { type Counters, type EnforcerEvent, noCounts, type Reason } from "./event.ts"
import { type Generation, generationIn, planWithGeneration } from "./generation.ts"
import type { GenerationClock } from "./generation-clock.ts"
import { type HeldProgram, holdProgram } from "./held-program.ts"
import { NO_SURROUNDINGS, type Surroundings } from "./interfaces.ts"
import { dispatchElementOf, isolate, objectOf } from "./isolation.ts"
import type { KernelState, KernelTables } from "./kernel-tables.ts"
import { narrows } from "./narrows.ts"
import { type Additions, explicitAddresses, type UnknownPods, wantedRuleset } from "./wanted.ts"

export interface EnforcementParts {
  readonly tables: KernelTables
  readonly clock: GenerationClock
  readonly unknownPods: UnknownPods
  readonly emit: (event: EnforcerEvent) => void
  /** Called after a generation came into force. */
  readonly bumped: () => void
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

export interface Isolation {
  readonly object: string
  readonly error: NftError
}

/** At most one generation in this many milliseconds: each makes every live connection be judged once more. */
const GENERATION_INTERVAL_MS = 50

export class Enforcement {
  readonly counters: Counters = noCounts()
  readonly isolated = new Map<string, Isolation>()
  /** Addresses of pods that fail closed. */
  failedClosed: readonly string[] = []
  /** A change that may have taken access away is in force for new connections, and not yet for live ones. */
  generationDue = false
  /** What the kernel's table carries. */
  revisionInForce: number | undefined

  private readonly parts: EnforcementParts
  #program: HeldProgram | undefined
  #surroundings: Surroundings = NO_SURROUNDINGS
  #lastGeneration = Number.NEGATIVE_INFINITY
  #acceptedDifference: string | undefined

  constructor(parts: EnforcementParts) {
    this.parts = parts
  }

  get program(): HeldProgram | undefined {
    return this.#program
  }

  hold(node: NodeRuleset): void {
    this.#program = holdProgram(node)
    this.isolated.clear()
  }

  surround(surroundings: Surroundings): void {
    this.#surroundings = surroundings
  }

  /** What the kernel has now; the generation in force there is taken over. */
  async read(): Promise<KernelState> {
    const state = await this.parts.tables.read()
    this.revisionInForce = state.revision
    const { clock } = this.parts
    const number = generationIn(state.ruleset, clock.mask)
    if (number === undefined || number === clock.current) return state
    // A number nobody counted: nft's answer was lost behind the flip, or another hand wrote it. Given out once more
    // it would let through what was stamped in between.
    if (clock.current !== undefined) this.generationDue = true
    clock.found(number)
    return state
  }

  /** Makes the kernel's tables what is wanted, whatever they are. */
  async bring(reason: Reason): Promise<void> {
    if (this.#program === undefined) return
    this.counters.checks++
    if (reason === "periodic") this.isolated.clear()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#bringOnce(this.#program, reason)
      } catch (error) {
        this.#refused(error, attempt)
      }
    }
  }

  /** Applies updates without reading the kernel's tables, where that is safe. */
  async update(updates: readonly NodeUpdate[]): Promise<void> {
    const program = this.#program
    if (program === undefined) throw new RangeError("an update before any ruleset")
    let isFast = this.isolated.size === 0 && this.revisionInForce !== undefined && !this.#hasExplicit(program)
    for (const update of coalesce(updates)) {
      program.advance(update)
      if (update.narrows || update.forget.length > 0) this.generationDue = true
      if (!isFast) continue
      try {
        await this.#updateOnce(program, update)
      } catch (error) {
        this.#refused(error, 1)
        isFast = false
      }
    }
    // A pod that left the program is unknown from now on.
    if (!isFast || this.#hasExplicit(program)) await this.bring("update")
  }

  #hasExplicit(program: HeldProgram): boolean {
    const { unknownPods } = this.parts
    return unknownPods === "allow" && explicitAddresses(program.local, this.#additions()).length > 0
  }

  /** The generation that `update` left out because the last one was too recent. */
  async bumpGeneration(): Promise<void> {
    if (!this.generationDue || this.#program === undefined) return
    const generation = await this.#nextGeneration()
    const flip = this.#program.generationFlip(generation)
    await this.#apply({ add: [], flip, remove: [] }, { reason: "update", program: this.#program, generation })
  }

  /** Milliseconds until the next generation may come. */
  get generationWait(): number {
    return Math.max(0, this.#lastGeneration + GENERATION_INTERVAL_MS - this.parts.now())
  }

  async #compare(program: HeldProgram): Promise<Comparison> {
    const state = await this.read()
    const known = this.#generation()
    return { state, known, change: known === undefined ? undefined : this.#changeTo(state, program, known) }
  }

  async #bringOnce(program: HeldProgram, reason: Reason): Promise<void> {
    const wasCurrent = this.revisionInForce === program.revision && !this.generationDue
    const { state, known, change } = await surely(() => this.#compare(program))
    const isEqual = change !== undefined && (isEmpty(change) || outline(change) === this.#acceptedDifference)
    const isCurrent = state.revision === program.revision && !this.generationDue
    if (isEqual && isCurrent) return
    const needsGeneration = change === undefined || !isCurrent || narrows(change)
    const generation = needsGeneration || known === undefined ? await this.#nextGeneration() : known
    const plan = needsGeneration || change === undefined ? this.#changeTo(state, program, generation) : change
    await this.#apply(plan, { reason, program, generation })
    if (wasCurrent && WATCHING.has(reason)) this.#repaired(plan, reason)
    await this.#verify({ reason, program, generation })
  }

  /**
   * What was written must be what is there. Another hand can have been at it in between: then it is as if it had come
   * later. What nft prints otherwise even when written again is accepted, and said.
   */
  async #verify({ reason, program, generation: written }: Change): Promise<void> {
    const { state, change: left } = await surely(async () => {
      const state = await this.read()
      return { state, change: this.#changeTo(state, program, written) }
    })
    if (isEmpty(left) || outline(left) === this.#acceptedDifference) return
    const generation = narrows(left) ? await this.#nextGeneration() : written
    await this.#apply(this.#changeTo(state, program, generation), { reason, program, generation })
    const still = this.#changeTo(await this.read(), program, generation)
    if (isEmpty(still)) return this.#repaired(left, reason)
    if (outline(still) !== outline(left)) return
    this.#acceptedDifference = outline(still)
    const [first] = [...still.flip, ...still.add, ...still.remove]
    this.parts.emit({ kind: "difference-stays", commands: countOf(still), first: JSON.stringify(first) })
  }

  async #updateOnce(program: HeldProgram, update: NodeUpdate): Promise<void> {
    const known = this.#generation()
    const isTime = this.generationDue && this.generationWait === 0
    const generation = isTime || known === undefined ? await this.#nextGeneration() : known
    const plan = planWithGeneration(update.plan, generation)
    const flip = generation === known ? plan.flip : [...plan.flip, ...program.generationFlip(generation)]
    await this.#apply({ ...plan, flip }, { reason: "update", program, generation })
  }

  /** A revision counts as in force when live connections obey it, too. */
  async #apply(plan: Plan, change: Change): Promise<void> {
    const { parts } = this
    const started = parts.now()
    const isBumped = change.generation.number !== parts.clock.current
    const obeyed = isBumped || !this.generationDue ? change.program.revision : (this.revisionInForce ?? 0)
    await parts.tables.apply(plan, obeyed)
    this.counters.applied++
    this.revisionInForce = obeyed
    if (isBumped) this.#inForce(change.generation)
    parts.emit({
      kind: "applied",
      reason: change.reason,
      revision: change.program.revision,
      generation: change.generation.number,
      commands: countOf(plan),
      milliseconds: parts.now() - started,
    })
  }

  async #nextGeneration(): Promise<Generation> {
    const wait = this.generationWait
    if (wait > 0) await setTimeout(wait)
    return await this.parts.clock.next()
  }

  #inForce(generation: Generation): void {
    this.parts.clock.commit(generation)
    this.#lastGeneration = this.parts.now()
    this.generationDue = false
    this.counters.generations++
    this.parts.bumped()
  }

  #generation(): Generation | undefined {
    const { current, mask } = this.parts.clock
    return current === undefined ? undefined : { number: current, mask }
  }

  #changeTo(state: KernelState, program: HeldProgram, generation: Generation): Plan {
    const wanted = wantedRuleset(program.whole().ruleset, this.#additions(), generation)
    const refused = isolate(wanted, new Set(this.isolated.keys()))
    if (refused === undefined) throw new RangeError("what was taken out is part of the frame")
    this.failedClosed = refused.addresses
    return diff(state.ruleset, refused.ruleset, { owned: [ANTISPOOF_TABLE] })
  }

  #additions(): Additions {
    return { surroundings: this.#surroundings, unknownPods: this.parts.unknownPods }
  }

  #repaired(plan: Plan, reason: Reason): void {
    this.counters.repaired++
    this.parts.emit({ kind: "repaired", reason, commands: countOf(plan) })
  }

  /**
   * The first refusals mean that the kernel is not what was believed: it is read again. Where that does not help
   * the refused object is taken out. Rethrows what cannot be helped: then the rules in force stay.
   */
  #refused(error: unknown, attempt: number): void {
    if (!(error instanceof NftError)) throw error
    this.counters.refused++
    this.parts.emit({ kind: "refused", error, attempt })
    if (error.code === "permission" || error.code === "unavailable") throw error
    if (attempt <= (DRIFT.has(error.code) ? 3 : 1)) return
    const { command } = error
    const object = command === undefined ? undefined : (dispatchElementOf(command) ?? objectOf(command))
    const isNew = object !== undefined && !this.isolated.has(object)
    if (!isNew || this.isolated.size >= MOST_ISOLATED) throw error
    const whole = this.#program?.whole().ruleset ?? []
    const tried = isolate(whole, new Set([...this.isolated.keys(), object]))
    if (tried === undefined) throw error
    this.isolated.set(object, { object, error })
    this.parts.emit({ kind: "isolated", object, error, addresses: tried.addresses })
  }
}

interface Comparison {
  readonly state: KernelState
  /** The generation in force; undefined before the first. */
  readonly known: Generation | undefined
  readonly change: Plan | undefined
}

interface Change {
  readonly reason: Reason
  readonly program: HeldProgram
  readonly generation: Generation
}

/** Reasons for which a difference is somebody else's doing. */
const WATCHING: ReadonlySet<Reason> = new Set<Reason>(["event", "periodic", "start", "verify"])

/** Somebody else's change is the likely cause; a missing kernel module looks the same, so not for ever. */
const DRIFT: ReadonlySet<NftErrorCode> = new Set<NftErrorCode>(["not-found", "exists", "busy"])

/** More refusals than these are no single fault. */
const MOST_ISOLATED = 50
