// Takes Postern off a node: its tables, in one transaction, and what the agent kept on disk.
//
// The switch on bridges that hands packets to inet chains stays: kube-proxy needs it too. Connections keep their
// marks, which nothing reads any more.

import { readdir, rm } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { ANTISPOOF_TABLE } from "../antispoof.ts"
import type { Host } from "../host.ts"
import { POSTERN_TABLE } from "../kernel-tables.ts"

export interface RemoveOptions {
  readonly host: Host
  readonly stateDirectory: string
  /** The agent's: while it answers there, it would write the tables again. */
  readonly socketPath: string
}

export class RemoveError extends Error {
  override readonly name = "RemoveError"
}

/** What was removed, a line each. */
export async function removeFromNode(options: RemoveOptions): Promise<readonly string[]> {
  if (await isAnswering(options.socketPath)) {
    throw new RemoveError(
      "an agent runs on this node and would write the tables again: delete its DaemonSet first",
    )
  }
  const tables = await ownTables(options.host)
  if (tables.length > 0) {
    await nft(options.host, ["-f", "-"], tables.map((table) => `delete table ${table}\n`).join(""))
  }
  const kept = await readdir(options.stateDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  for (const name of kept) await rm(join(options.stateDirectory, name), { recursive: true, force: true })
  return [
    ...tables.map((table) => `table ${table}`),
    ...kept.map((name) => join(options.stateDirectory, name)),
  ]
}

async function ownTables(host: Host): Promise<readonly string[]> {
  const found = new Set((await nft(host, ["list", "tables"])).split("\n"))
  return [POSTERN_TABLE, ANTISPOOF_TABLE]
    .map(({ family, name }) => `${family} ${name}`)
    .filter((table) => found.has(`table ${table}`))
}

async function nft(host: Host, args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await host.run("nft", args, input)
  if (status !== 0) throw new RemoveError(`nft ${args.join(" ")}: ${stderr.trim()}`)
  return stdout
}

function isAnswering(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.on("connect", () => resolve(true))
  socket.on("error", () => resolve(false))
  return promise.finally(() => socket.destroy())
}
