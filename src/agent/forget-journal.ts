// Addresses whose connections are still to be deleted, on disk: an agent that is killed between the new rules
// and the deletion finishes it at the next start. Otherwise a new owner would inherit what the old one had.

import { join } from "node:path"
import { readBounded, removeDurably, writeDurably } from "./durable-file.ts"

export interface ForgetJournal {
  read(): Promise<readonly string[]>
  /** Before the rules change. */
  begin(addresses: readonly string[]): Promise<void>
  /** When the connections are gone. */
  end(): Promise<void>
}

const LIMIT_BYTES = 64 * 1024 * 1024

export function createForgetJournal(directory: string): ForgetJournal {
  const path = join(directory, "forget")
  return {
    read: async () => {
      const text = await readBounded(path, LIMIT_BYTES)
      return text === undefined ? [] : text.split("\n").filter((line) => line !== "")
    },
    begin: (addresses) => writeDurably(path, `${addresses.join("\n")}\n`),
    end: () => removeDurably(path),
  }
}
