// Local addresses and who has them: what CNI results, the program and the last look say, joined.
//
// Where an address has another owner than it had, its elements leave the dispatch maps, then the connections of the
// last owner are deleted, then the new owner's elements come: what the old one began is never judged as the new one's.

import type { Owners } from "../wire/node-ruleset.ts"
import { type AddressWaits, createAddressWaits } from "./address-waits.ts"
import type { Attachments } from "./attachments.ts"
import type { Connections } from "./connections.ts"
import { type AddressOwners, ownersNow } from "./endpoints.ts"
import type { Enforcement } from "./enforcement.ts"
import type { EnforcerEvent } from "./event.ts"
import type { LastOwners } from "./last-owners.ts"

export interface PodAddressParts {
  readonly attachments: () => Pick<Attachments, "owners" | "since">
  readonly enforcement: Enforcement
  readonly connections: Connections
  readonly lastOwners: LastOwners
  readonly emit: (event: EnforcerEvent) => void
}

const NOBODY: AddressOwners = new Map()

export class PodAddresses {
  private readonly parts: PodAddressParts
  readonly #waits: AddressWaits = createAddressWaits(Date.now(), Date.now)

  constructor(parts: PodAddressParts) {
    this.parts = parts
  }

  /** Before a whole ruleset is brought: addresses with another owner than before are left out of it. */
  prepare(): void {
    const { enforcement, lastOwners } = this.parts
    const attached = this.parts.attachments().owners()
    const withheld = new Set(lastOwners.moved(this.#owners(attached)))
    enforcement.desired.side = { attached, withheld }
  }

  /** Brings the dispatch maps to what the node knows now. */
  async attach(): Promise<void> {
    const { enforcement, connections, lastOwners, attachments } = this.parts
    this.#waits.come(attachments().since())
    if (enforcement.program === undefined) return
    const attached = this.parts.attachments().owners()
    const owners = this.#owners(attached)
    const left = [...enforcement.desired.side.attached.keys()].filter((address) => !owners.has(address))
    const moved = lastOwners.moved(owners)
    if (moved.length > 0) {
      await enforcement.endpoints({ attached, withheld: new Set(moved) })
      await connections.announce(moved)
      if (!(await connections.finish())) throw new Error(`connections of ${moved.join()} are left`)
      await this.#onDisk(() => lastOwners.note(owners))
    }
    await enforcement.endpoints({ attached, withheld: new Set() })
    this.inForce()
    if (left.length > 0) {
      await connections.announce(left)
      if (await connections.finish()) await this.#onDisk(() => lastOwners.settled(left, owners))
    }
    void this.#onDisk(() => lastOwners.note(owners))
  }

  /** The kernel has what is wanted: addresses that waited for it do so no more. */
  inForce(): void {
    const { enforcement, emit } = this.parts
    const { program, desired } = enforcement
    if (program === undefined) return
    const waited = this.#waits.settle((address, uid) => desired.isJudged(program, address, uid))
    for (const milliseconds of waited) emit({ kind: "programmed", milliseconds })
  }

  /** Of what a controller wants to be forgotten, and of what it says of owners: whose connections have to end. */
  ending(forget: readonly string[], coming: Owners): readonly string[] {
    const { lastOwners } = this.parts
    const attached = this.parts.attachments().owners()
    const others = Object.entries(coming)
      .filter(([address, uid]) => !attached.has(address) && (lastOwners.owner(address) ?? uid) !== uid)
      .map(([address]) => address)
    const wanted = forget.filter((address) => !this.#isDone(address, coming[address], attached.get(address)))
    return [...new Set([...wanted, ...others])]
  }

  /** After updates are in force, and the connections of these addresses are gone. */
  async ended(addresses: readonly string[]): Promise<void> {
    this.inForce()
    const { lastOwners } = this.parts
    const owners = this.#owners(this.parts.attachments().owners())
    await this.#onDisk(async () => {
      await lastOwners.settled(addresses, owners)
      await lastOwners.note(owners)
    })
  }

  /**
   * The CNI plugin had told of the new owner before the controller did: the old one's connections are gone, and the
   * new one's are not to be.
   */
  #isDone(address: string, coming: string | undefined, attached: string | undefined): boolean {
    const last = this.parts.lastOwners.owner(address)
    if (last === undefined) return false
    if (coming !== undefined) return coming === last
    const before = this.parts.enforcement.program?.owners.get(address)
    return attached === last && before !== undefined && before !== last
  }

  #owners(attached: AddressOwners): AddressOwners {
    return ownersNow(this.parts.enforcement.program?.owners ?? NOBODY, attached)
  }

  /** What the disk does not take is lost only if the agent ends, too. */
  async #onDisk(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.parts.emit({ kind: "failed", what: "noting on disk who has an address", error })
    }
  }
}
