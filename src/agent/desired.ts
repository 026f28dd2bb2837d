// What the kernel's tables should be: the program, seen through everything that this node knows beside it.

import type { Plan } from "nftables-json/plan"
import type { Ruleset } from "nftables-json/schema"
import { NO_OVERLAY, NO_SIDE, type NodeSide, type Overlay, overlayOf } from "./endpoints.ts"
import type { Generation } from "./generation.ts"
import type { HeldProgram } from "./held-program.ts"
import { NO_SURROUNDINGS, type Surroundings } from "./interfaces.ts"
import { isolate } from "./isolation.ts"
import { observed, observedPlan } from "./observing.ts"
import type { Refusals } from "./refusals.ts"
import { explicitAddresses, type UnknownPods, wantedRuleset } from "./wanted.ts"

export class Desired {
  surroundings: Surroundings = NO_SURROUNDINGS
  side: NodeSide = NO_SIDE
  /** Nothing is dropped, whatever the program says. */
  isObserving = false
  /** Addresses of pods that fail closed. */
  failedClosed: readonly string[] = []
  readonly #unknownPods: UnknownPods
  readonly #refusals: Refusals

  constructor(unknownPods: UnknownPods, refusals: Refusals) {
    this.#unknownPods = unknownPods
    this.#refusals = refusals
  }

  ruleset(program: HeldProgram, generation: Generation): Ruleset {
    const enforced = this.enforced(program, generation)
    return this.isObserving ? observed(enforced) : enforced
  }

  /** As if nobody observed. */
  enforced(program: HeldProgram, generation: Generation): Ruleset {
    const wanted = wantedRuleset(program.whole().ruleset, this.#additions(program), generation)
    const refused = isolate(wanted, new Set(this.#refusals.isolated.keys()))
    if (refused === undefined) throw new RangeError("what was taken out is part of the frame")
    this.failedClosed = refused.addresses
    return refused.ruleset
  }

  /** A step of the program as it is to be taken. */
  plan(plan: Plan): Plan {
    return this.isObserving ? observedPlan(plan) : plan
  }

  overlay(program: HeldProgram): Overlay {
    const { attached, withheld } = this.side
    return attached.size + withheld.size === 0 ? NO_OVERLAY : overlayOf(program, this.side)
  }

  /** The address is judged as this pod's, by what the program says or by what the node knows. */
  isJudged(program: HeldProgram, address: string, uid: string): boolean {
    const own = this.overlay(program).get(address)
    if (own === undefined) return program.owners.get(address) === uid
    return own.egress !== undefined || own.ingress !== undefined
  }

  /** Pods are let through that the program does not know: which they are changes with every step. */
  hasExplicit(program: HeldProgram): boolean {
    return (
      this.#unknownPods === "allow" && explicitAddresses(program.local, this.#additions(program)).length > 0
    )
  }

  #additions(program: HeldProgram) {
    return {
      surroundings: this.surroundings,
      unknownPods: this.#unknownPods,
      overlay: this.overlay(program),
    }
  }
}
