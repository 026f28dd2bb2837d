// Takes away what an agent has left on a node: its tables, and its state on disk.

import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Nft } from "nftables-json/nft"
import type { Transaction } from "nftables-json/schema"
import { ANTISPOOF_TABLE } from "../antispoof.ts"
import { POSTERN_TABLE } from "../kernel-tables.ts"

/** All tables in one transaction: either policy is enforced or it is not. */
export async function removeTables(nft: Nft): Promise<readonly string[]> {
  const listed = await nft.list({ kind: "tables" })
  const found = [POSTERN_TABLE, ANTISPOOF_TABLE].filter(({ family, name }) =>
    listed.some(
      (object) => "table" in object && object.table.family === family && object.table.name === name,
    ),
  )
  const transaction: Transaction = found.map((table) => ({ delete: { table } }))
  if (transaction.length > 0) await nft.run(transaction)
  return found.map(({ family, name }) => `table ${family} ${name}`)
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
