// Whose a local address was last, on disk: an address that has another owner than it had when this node last looked,
// also while no agent ran, has connections of somebody else.
//
// An address that nobody owns and whose connections are gone is forgotten here, too: its next owner need not wait.

import { join } from "node:path"
import { readBounded, writeDurably } from "./durable-file.ts"
import type { AddressOwners } from "./endpoints.ts"
import { createSerial } from "./serial.ts"

export interface LastOwners {
  /** What was noted in this boot: connections do not outlive one. */
  read(bootId: string): Promise<void>
  owner(address: string): string | undefined
  /** The addresses that had another owner. */
  moved(owners: AddressOwners): readonly string[]
  /** Resolves when it is on disk. */
  note(owners: AddressOwners): Promise<void>
  /** No connection of these addresses is left; those without an owner now need not be remembered. */
  settled(addresses: readonly string[], owners: AddressOwners): Promise<void>
}

const LIMIT_BYTES = 16 * 1024 * 1024
/** Former ones are left out first. */
const MOST_ADDRESSES = 50_000

export function createLastOwners(directory: string): LastOwners {
  const path = join(directory, "owners")
  const inTurn = createSerial()
  let boot = ""
  let last = new Map<string, string>()
  let written = ""
  const write = async (): Promise<void> => {
    const lines = [...last].map(([address, uid]) => `${address} ${uid}`).sort()
    const text = `${[boot, ...lines].join("\n")}\n`
    if (text === written) return
    written = text
    try {
      await inTurn(() => writeDurably(path, text))
    } catch (error) {
      written = ""
      throw error
    }
  }
  return {
    read: async (bootId) => {
      boot = bootId
      const [ofBoot, ...lines] = (await readBounded(path, LIMIT_BYTES))?.split("\n") ?? []
      if (ofBoot === bootId) last = new Map(lines.flatMap(entryOf))
    },
    owner: (address) => last.get(address),
    moved: (owners) =>
      [...owners].filter(([address, uid]) => (last.get(address) ?? uid) !== uid).map(([each]) => each),
    note: async (owners) => {
      const former = [...last].filter(([address]) => !owners.has(address))
      const room = Math.max(0, MOST_ADDRESSES - owners.size)
      last = new Map([...former.slice(Math.max(0, former.length - room)), ...owners])
      await write()
    },
    settled: async (addresses, owners) => {
      for (const address of addresses) if (!owners.has(address)) last.delete(address)
      await write()
    },
  }
}

function entryOf(line: string): readonly (readonly [string, string])[] {
  const [address, uid, ...more] = line.split(" ")
  return address === undefined || uid === undefined || more.length > 0 ? [] : [[address, uid]]
}
