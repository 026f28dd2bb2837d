// What the kernel has refused, and what is left out of the ruleset for it.

import { NftError, type NftErrorCode } from "nftables-json/errors"
import type { Counters, EnforcerEvent } from "./event.ts"
import type { HeldProgram } from "./held-program.ts"
import { dispatchElementOf, isolate, objectOf } from "./isolation.ts"

interface Isolation {
  readonly object: string
  readonly error: NftError
}

export class Refusals {
  readonly isolated = new Map<string, Isolation>()
  readonly #counters: Counters
  readonly #emit: (event: EnforcerEvent) => void

  constructor(counters: Counters, emit: (event: EnforcerEvent) => void) {
    this.#counters = counters
    this.#emit = emit
  }

  /**
   * The first refusals mean that the kernel is not what was believed: it is read again. Where that does not help
   * the refused object is taken out. Rethrows what cannot be helped: then the rules in force stay.
   */
  refused(error: unknown, attempt: number, program: HeldProgram): void {
    if (!(error instanceof NftError)) throw error
    this.#counters.refused++
    this.#emit({ kind: "refused", error, attempt })
    if (error.code === "permission" || error.code === "unavailable") throw error
    if (attempt <= (DRIFT.has(error.code) ? 3 : 1)) return
    const { command } = error
    const object = command === undefined ? undefined : (dispatchElementOf(command) ?? objectOf(command))
    const isNew = object !== undefined && !this.isolated.has(object)
    if (!isNew || this.isolated.size >= MOST_ISOLATED) throw error
    const tried = isolate(program.whole().ruleset, new Set([...this.isolated.keys(), object]))
    if (tried === undefined) throw error
    this.isolated.set(object, { object, error })
    this.#emit({ kind: "isolated", object, error, addresses: tried.addresses })
  }
}

/** Somebody else's change is the likely cause; a missing kernel module looks the same, so not for ever. */
const DRIFT: ReadonlySet<NftErrorCode> = new Set<NftErrorCode>(["not-found", "exists", "busy"])

/** More refusals than these are no single fault. */
const MOST_ISOLATED = 50
