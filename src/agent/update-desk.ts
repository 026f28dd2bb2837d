// Updates as they come: taken together where several wait, told to who has sent them when live connections obey.

import type { NodeUpdate } from "../wire/node-ruleset.ts"
import type { Connections } from "./connections.ts"
import type { Enforcement } from "./enforcement.ts"
import type { PodAddresses } from "./pod-addresses.ts"
import type { Serial } from "./serial.ts"
import { createUpdateInbox, type WaitingUpdate } from "./update-inbox.ts"

export interface UpdateDeskParts {
  readonly serial: Serial
  readonly enforcement: Enforcement
  readonly connections: Connections
  readonly addresses: PodAddresses
  readonly applied: (updates: readonly NodeUpdate[]) => void
  readonly failed: (error: unknown) => void
  /** A generation is due, and the last one was too recent. */
  readonly bumpLater: () => void
}

export class UpdateDesk {
  private readonly parts: UpdateDeskParts
  readonly #inbox = createUpdateInbox()
  #bump = Promise.withResolvers<void>()

  constructor(parts: UpdateDeskParts) {
    this.parts = parts
  }

  async apply(update: NodeUpdate): Promise<void> {
    const waiting = this.#inbox.put(update)
    const { series } = this.#inbox
    await Promise.all([this.parts.serial(() => this.#applyAll(series)), waiting.done.promise])
  }

  /** A whole ruleset comes: later updates follow it. */
  nextSeries(): void {
    this.#inbox.nextSeries()
  }

  /** A generation has come into force. */
  bumped(): void {
    const { resolve } = this.#bump
    this.#bump = Promise.withResolvers<void>()
    resolve()
  }

  async #applyAll(series: number): Promise<void> {
    const { enforcement, applied, failed, bumpLater } = this.parts
    const waiting = this.#inbox.take(series, enforcement.program?.revision)
    if (waiting.length === 0) return
    const updates = waiting.map((each) => each.update)
    const { promise: bump } = this.#bump
    try {
      await this.#enforce(updates)
    } catch (error) {
      failed(error)
      for (const each of waiting) each.done.reject(error)
      return
    }
    applied(updates)
    const isDue = enforcement.generationDue
    settle(waiting, isDue ? bump : Promise.resolve())
    if (isDue) bumpLater()
  }

  async #enforce(updates: readonly NodeUpdate[]): Promise<void> {
    const { enforcement, connections, addresses } = this.parts
    const owners = Object.fromEntries(updates.flatMap((update) => Object.entries(update.owners ?? {})))
    const ending = addresses.ending(
      updates.flatMap((update) => update.forget),
      owners,
    )
    await connections.announce(ending)
    const isEnding = new Set(ending)
    await enforcement.update(
      updates.map((update) => ({ ...update, forget: update.forget.filter((each) => isEnding.has(each)) })),
    )
    addresses.inForce()
    const isDone = await connections.finish()
    if (isDone && (ending.length > 0 || Object.keys(owners).length > 0)) await addresses.ended(ending)
  }
}

/** The generation comes a little later; who waits for live connections waits for it. */
function settle(waiting: readonly WaitingUpdate[], obeyed: Promise<void>): void {
  for (const each of waiting) each.done.resolve(obeyed)
}
