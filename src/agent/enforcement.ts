// Brings the kernel's tables to what is wanted, and keeps them there. Nothing here runs beside itself: the enforcer
// calls one method at a time.

import { diff, isEmpty } from "nftables-json/diff"
import type { Plan } from "nftables-json/plan"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { ANTISPOOF_TABLE } from "./antispoof.ts"
import { coalesce } from "./coalesce.ts"
import { type Comparison, countOf, outline, surely } from "./comparison.ts"
import { Desired } from "./desired.ts"
import {
  dispatchCommands,
  judgedAs,
  NO_OVERLAY,
  NO_SIDE,
  type NodeSide,
  type Overlay,
  withoutDispatchOf,
} from "./endpoints.ts"
import { type Counters, type EnforcerEvent, noCounts, type Reason, WATCHING } from "./event.ts"
import { type Generation, generationIn, planWithGeneration } from "./generation.ts"
import type { GenerationClock } from "./generation-clock.ts"
import { GenerationPace } from "./generation-pace.ts"
import { type HeldProgram, holdProgram } from "./held-program.ts"
import type { KernelState, KernelTables } from "./kernel-tables.ts"
import { narrows } from "./narrows.ts"
import { observeFlip } from "./observing.ts"
import { Refusals } from "./refusals.ts"
import type { UnknownPods } from "./wanted.ts"

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

export class Enforcement {
  readonly counters: Counters = noCounts()
  readonly refusals: Refusals
  readonly desired: Desired
  /** A change that may have taken access away is in force for new connections, and not yet for live ones. */
  generationDue = false
  /** What the kernel's table carries. */
  revisionInForce: number | undefined

  private readonly parts: EnforcementParts
  #program: HeldProgram | undefined
  /** What the kernel has beside the program's dispatch elements. */
  #overlay: Overlay = NO_OVERLAY
  readonly #pace: GenerationPace
  #acceptedDifference: string | undefined
  /** Whatever the kernel was asked to do it has done: nothing was refused, or not answered. */
  #isInStep = false

  constructor(parts: EnforcementParts) {
    this.parts = parts
    this.refusals = new Refusals(this.counters, parts.emit)
    this.desired = new Desired(parts.unknownPods, this.refusals)
    this.#pace = new GenerationPace(parts.clock, parts.now)
  }

  get program(): HeldProgram | undefined {
    return this.#program
  }

  hold(node: NodeRuleset): void {
    this.#program = holdProgram(node)
    this.#isInStep = false
    this.refusals.isolated.clear()
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
    this.#isInStep = false
    if (reason === "periodic") this.refusals.isolated.clear()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#bringOnce(this.#program, reason)
      } catch (error) {
        this.refusals.refused(error, attempt, this.#program)
      }
    }
  }

  /** Applies updates without reading the kernel's tables, where that is safe. */
  async update(updates: readonly NodeUpdate[]): Promise<void> {
    const program = this.#program
    if (program === undefined) throw new RangeError("an update before any ruleset")
    let isFast = this.#isFast(program)
    for (const update of coalesce(updates)) {
      const change = this.#endpointsChange(program, () => program.advance(update))
      if (update.narrows || update.forget.length > 0) this.generationDue = true
      if (isFast) isFast = await this.#step(program, change(update.plan), "update")
    }
    // A pod that left the program is unknown from now on.
    if (!isFast || this.desired.hasExplicit(program)) await this.bring("update")
  }

  /** What the node says of its pods' addresses has changed. */
  async endpoints(side: NodeSide): Promise<void> {
    const program = this.#program
    const { desired } = this
    if (program === undefined) {
      desired.side = side
      return
    }
    const take = (): void => {
      desired.side = side
    }
    const plan = this.#endpointsChange(program, take, side)(NOTHING)
    if (isEmpty(plan)) return
    const isApplied = this.#isFast(program) && (await this.#step(program, plan, "endpoints"))
    if (!isApplied || desired.hasExplicit(program)) await this.bring("endpoints")
  }

  /** Turns every drop into a pass, or back; then under a new generation. */
  async observe(isOn: boolean): Promise<void> {
    const program = this.#program
    if (!isOn) this.generationDue = true
    this.desired.isObserving = isOn
    if (program === undefined) return
    const known = this.#pace.current
    const flip = known === undefined ? undefined : observeFlip(this.desired.enforced(program, known), isOn)
    const plan = { ...NOTHING, flip: flip ?? [] }
    const isApplied =
      flip !== undefined && this.#isFast(program) && (await this.#step(program, plan, "observe"))
    if (!isApplied) await this.bring("observe")
    else if (this.generationDue) await this.bumpGeneration()
  }

  #isFast(program: HeldProgram): boolean {
    return this.#isInStep && this.refusals.isolated.size === 0 && !this.desired.hasExplicit(program)
  }

  /** Makes a change of the program or of what the node says; gives what then follows for a plan. */
  #endpointsChange(program: HeldProgram, make: () => void, coming: NodeSide = NO_SIDE): (plan: Plan) => Plan {
    const before = this.#overlay
    const known = [this.desired.side, coming].flatMap((side) => [...side.attached.keys(), ...side.withheld])
    const was = judgedAs(program, before, [...before.keys(), ...known])
    make()
    const after = this.desired.overlay(program)
    this.#overlay = after
    const touched = new Set([...before.keys(), ...after.keys()])
    return (plan) => {
      if (touched.size === 0) return plan
      const is = judgedAs(program, after, touched)
      const commands = dispatchCommands(was, is, program.local.maps)
      if (narrows({ ...NOTHING, flip: commands })) this.generationDue = true
      const rest = withoutDispatchOf(plan, is)
      return { ...rest, flip: [...rest.flip, ...commands] }
    }
  }

  /** False where the kernel refused it. */
  async #step(program: HeldProgram, plan: Plan, reason: Reason): Promise<boolean> {
    // News of owners alone, or of another replica: the kernel has it all.
    if (isEmpty(plan) && program.revision === this.revisionInForce && !this.generationDue) return true
    this.#isInStep = false
    try {
      await this.#stepOnce(program, plan, reason)
      return true
    } catch (error) {
      this.refusals.refused(error, 1, program)
      return false
    }
  }

  /** The generation that `update` left out because the last one was too recent. */
  async bumpGeneration(): Promise<void> {
    if (!this.generationDue || this.#program === undefined) return
    if (!this.#isInStep) return await this.bring("update")
    const generation = await this.#pace.next()
    const flip = this.#program.generationFlip(generation)
    await this.#apply({ add: [], flip, remove: [] }, { reason: "update", program: this.#program, generation })
  }

  /** Milliseconds until the next generation may come. */
  get generationWait(): number {
    return this.#pace.wait
  }

  async #compare(program: HeldProgram): Promise<Comparison> {
    const state = await this.read()
    const known = this.#pace.current
    return { state, known, change: known === undefined ? undefined : this.#changeTo(state, program, known) }
  }

  async #bringOnce(program: HeldProgram, reason: Reason): Promise<void> {
    const wasCurrent = this.revisionInForce === program.revision && !this.generationDue
    const { state, known, change } = await surely(() => this.#compare(program))
    const isEqual = change !== undefined && (isEmpty(change) || outline(change) === this.#acceptedDifference)
    const isCurrent = state.revision === program.revision && !this.generationDue
    if (isEqual && isCurrent) {
      this.#isInStep = true
      return
    }
    const needsGeneration = change === undefined || !isCurrent || narrows(change)
    const generation = needsGeneration || known === undefined ? await this.#pace.next() : known
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
    const generation = narrows(left) ? await this.#pace.next() : written
    await this.#apply(this.#changeTo(state, program, generation), { reason, program, generation })
    const still = this.#changeTo(await this.read(), program, generation)
    if (isEmpty(still)) return this.#repaired(left, reason)
    if (outline(still) !== outline(left)) return
    this.#acceptedDifference = outline(still)
    const [first] = [...still.flip, ...still.add, ...still.remove]
    this.parts.emit({ kind: "difference-stays", commands: countOf(still), first: JSON.stringify(first) })
  }

  async #stepOnce(program: HeldProgram, step: Plan, reason: Reason): Promise<void> {
    const known = this.#pace.current
    const isTime = this.generationDue && this.generationWait === 0
    const generation = isTime || known === undefined ? await this.#pace.next() : known
    const plan = planWithGeneration(step, generation)
    const flip = generation === known ? plan.flip : [...plan.flip, ...program.generationFlip(generation)]
    await this.#apply(this.desired.plan({ ...plan, flip }), { reason, program, generation })
  }

  /** A revision counts as in force when live connections obey it, too. */
  async #apply(plan: Plan, change: Change): Promise<void> {
    const { parts } = this
    const started = parts.now()
    const isBumped = change.generation.number !== parts.clock.current
    const obeyed = isBumped || !this.generationDue ? change.program.revision : (this.revisionInForce ?? 0)
    this.#isInStep = false
    await parts.tables.apply(plan, obeyed)
    this.#isInStep = true
    this.counters.applied++
    this.revisionInForce = obeyed
    if (isBumped) {
      this.#pace.commit(change.generation)
      this.generationDue = false
      this.counters.generations++
      parts.bumped()
    }
    parts.emit({
      kind: "applied",
      reason: change.reason,
      revision: change.program.revision,
      generation: change.generation.number,
      commands: countOf(plan),
      milliseconds: parts.now() - started,
    })
  }

  #changeTo(state: KernelState, program: HeldProgram, generation: Generation): Plan {
    this.#overlay = this.desired.overlay(program)
    return diff(state.ruleset, this.desired.ruleset(program, generation), { owned: [ANTISPOOF_TABLE] })
  }

  #repaired(plan: Plan, reason: Reason): void {
    this.counters.repaired++
    this.parts.emit({ kind: "repaired", reason, commands: countOf(plan) })
  }
}

const NOTHING: Plan = { add: [], flip: [], remove: [] }

interface Change {
  readonly reason: Reason
  readonly program: HeldProgram
  readonly generation: Generation
}
