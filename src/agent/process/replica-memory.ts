// Replicas of the controller that were learned, kept for an agent that starts while the Service's address does not
// work: after a reboot kube-proxy may come later than the agent.

import { join } from "node:path"
import { readBounded, writeDurably } from "../durable-file.ts"
import { createSerial } from "../serial.ts"

export interface ReplicaMemory {
  /** "address:port"; none where nothing is known or readable: they are learned again. */
  read(): Promise<readonly string[]>
  write(replicas: readonly string[]): Promise<void>
}

const MOST_BYTES = 64 * 1024

export function createReplicaMemory(directory: string): ReplicaMemory {
  const path = join(directory, "replicas")
  const inTurn = createSerial()
  let newest: string | undefined
  let written: string | undefined
  return {
    read: async () => {
      const text = await readBounded(path, MOST_BYTES)
      return (text ?? "").split("\n").filter((line) => line !== "")
    },
    write: (replicas) => {
      newest = replicas.map((replica) => `${replica}\n`).join("")
      return inTurn(async () => {
        if (newest === undefined || newest === written) return
        const text = newest
        await writeDurably(path, text)
        written = text
      })
    },
  }
}
