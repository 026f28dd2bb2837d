// A file that is either the old one or the new one, whole, whatever happens in between.

import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises"
import { dirname } from "node:path"

/** Written beside the file, synced, renamed over it, and the directory synced, so that the rename lasts. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const directory = dirname(path)
  const beside = `${path}.${process.pid}.new`
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const file = await open(beside, "w", 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  await syncDirectory(directory)
}

export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncDirectory(dirname(path))
}

/** Undefined where there is none; larger files than `limit` bytes are refused unread. */
export async function readBounded(path: string, limit: number): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > limit) throw new RangeError(`${path} has ${size} bytes, more than ${limit}`)
    return await readFile(path, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r")
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
