// Local addresses and who has them: what CNI results, the program and the last look say, joined.
//
// Where an address has another owner than it had, its elements leave the dispatch maps, then the connections of the
// last owner are deleted, then the new owner's elements come: what the old one began is never judged as the new one's.

import type { Owners } from "../wire/node-ruleset.ts"
import type { Connections } from "./connections.ts"
import { type AddressOwners, ownersNow } from "./endpoints.ts"
import type { Enforcement } from "./enforcement.ts"
import type { EnforcerEvent } from "./event.ts"
import type { LastOwners } from "./last-owners.ts"

export interface PodAddressParts {
  /** Pods by address, as CNI results say it now. */
  readonly attached: () => AddressOwners
  readonly enforcement: Enforcement
  readonly connections: Connections
  readonly lastOwners: LastOwners
  readonly emit: (event: EnforcerEvent) => void
}

const NOBODY: AddressOwners = new Map()

export class PodAddresses {
  private readonly parts: PodAddressParts

  constructor(parts: PodAddressParts) {
    this.parts = parts
  }

  /** Before a whole ruleset is brought: addresses with another owner than before are left out of it. */
  prepare(): void {
    const { enforcement, lastOwners } = this.parts
    const attached = this.parts.attached()
    const withheld = new Set(lastOwners.moved(this.#owners(attached)))
    enforcement.desired.side = { attached, withheld }
  }

  /** Brings the dispatch maps to what the node knows now. */
  async attach(): Promise<void> {
    const { enforcement, connections, lastOwners } = this.parts
    if (enforcement.program === undefined) return
    const attached = this.parts.attached()
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
    if (left.length > 0) {
      await connections.announce(left)
      if (await connections.finish()) await this.#onDisk(() => lastOwners.settled(left, owners))
    }
    void this.#onDisk(() => lastOwners.note(owners))
  }

  /** Of what a controller wants to be forgotten, and of what it says of owners: whose connections have to end. */
  ending(forget: readonly string[], coming: Owners): readonly string[] {
    const { lastOwners } = this.parts
    const attached = this.parts.attached()
    const others = Object.entries(coming)
      .filter(([address, uid]) => !attached.has(address) && (lastOwners.owner(address) ?? uid) !== uid)
      .map(([address]) => address)
    const wanted = forget.filter((address) => !this.#isDone(address, coming[address], attached.get(address)))
    return [...new Set([...wanted, ...others])]
  }

  /** After updates are in force, and the connections of these addresses are gone. */
  async ended(addresses: readonly string[]): Promise<void> {
    const { lastOwners } = this.parts
    const owners = this.#owners(this.parts.attached())
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
