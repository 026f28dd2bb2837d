// Takes away what an agent has left on a node: its tables, and its state on disk.

import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { NftError } from "nftables-json/errors"
import type { Nft } from "nftables-json/nft"
import type { Ruleset, Transaction } from "nftables-json/schema"
import { ANTISPOOF_TABLE } from "../antispoof.ts"
import { POSTERN_TABLE } from "../kernel-tables.ts"

/** Of the agent's nft process; its set lies in a table that others may share. */
export const RUNNER = "postern"
const RUNNER_TABLE = { family: "inet", name: "nftables_json" } as const

/** All tables in one transaction: either policy is enforced or it is not. */
export async function removeTables(nft: Nft): Promise<readonly string[]> {
  const tables = await nft.list({ kind: "tables" })
  const isThere = (wanted: { readonly family: string; readonly name: string }): boolean =>
    tables.some(
      (object) =>
        "table" in object && object.table.family === wanted.family && object.table.name === wanted.name,
    )
  const found = [POSTERN_TABLE, ANTISPOOF_TABLE].filter(isThere)
  const transaction: Transaction = found.map((table) => ({ delete: { table } }))
  if (transaction.length > 0) await nft.run(transaction)
  return found.map(({ family, name }) => `table ${family} ${name}`)
}

/** What an agent that was killed has left of its nft process; one that closes it removes it by itself. */
export async function removeRunner(nft: Nft): Promise<readonly string[]> {
  const listed: Ruleset = await nft.list({ kind: "table", ...RUNNER_TABLE }).catch((error: unknown) => {
    if (error instanceof NftError && error.code === "not-found") return []
    throw error
  })
  const sets = listed.flatMap((object) => ("set" in object ? [object.set] : []))
  const own = sets.find(({ name }) => name === RUNNER)
  if (own === undefined) return []
  const { family, table, name, type } = own
  if (sets.length > 1) await nft.run([{ delete: { set: { family, table, name, type } } }])
  else await nft.run([{ delete: { table: RUNNER_TABLE } }])
  return [`what an agent had left in table ${RUNNER_TABLE.family} ${RUNNER_TABLE.name}`]
}

/** The directory stays: it is a mount of the pod that runs this. */
export async function removeState(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  const paths = names.map((name) => join(directory, name))
  for (const path of paths) await rm(path, { recursive: true, force: true })
  return paths
}
