// The node's own switch to observe mode, on disk: it outlives the agent, and needs no controller.

import { join } from "node:path"
import { readBounded, removeDurably, writeDurably } from "./durable-file.ts"
import { createSerial } from "./serial.ts"

export interface ObserveSwitch {
  read(): Promise<boolean>
  write(isOn: boolean): Promise<void>
}

export function createObserveSwitch(directory: string): ObserveSwitch {
  const path = join(directory, "observe")
  // Two orders in quick succession: the last one stays.
  const inTurn = createSerial()
  return {
    read: async () => (await readBounded(path, LIMIT_BYTES)) !== undefined,
    write: (isOn) =>
      inTurn(async () => {
        if (isOn) await writeDurably(path, "on\n")
        else if ((await readBounded(path, LIMIT_BYTES)) !== undefined) await removeDurably(path)
      }),
  }
}

const LIMIT_BYTES = 1024
