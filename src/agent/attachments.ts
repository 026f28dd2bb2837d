// What CNI plugins have said of the pods on this node, file by file as libcni keeps it.
//
// A result is known some milliseconds after its file is there: the directory is watched, and only the file that an
// event names is read. A slow look at every file's time and size makes up for events that were lost.

import { type FSWatcher, watch } from "node:fs"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Attached } from "./address-waits.ts"
import { type Attachment, attachmentsIn } from "./cni-results.ts"

export interface Attachments {
  /** Of every file that is there, the oldest first. */
  all(): readonly Attachment[]
  /** Pods' addresses by what the newest result says; without results whose interfaces are gone. */
  owners(): ReadonlyMap<string, string>
  /** The same, with when it was said. */
  since(): ReadonlyMap<string, Attached>
  /** Looks at every file. */
  refresh(): Promise<Refreshed>
  /** From now on calls `changed` where a result has come, gone or changed. */
  watch(changed: () => void): void
  stop(): void
}

export interface Refreshed {
  readonly hasChanged: boolean
  /**
   * Results outlive the pod after a crash: one whose interface is not among these, which must have been read after the
   * refresh, names no owner. What has come since then is not judged.
   */
  readonly judge: (interfaces: ReadonlySet<string>) => void
}

interface ResultFile {
  readonly stamp: string
  /** Milliseconds since the epoch. */
  readonly written: number
  readonly attachments: readonly Attachment[]
  isDead: boolean
}

const LIMIT_BYTES = 1024 * 1024
const POLL_MS = 10_000
/** While a directory is missing: before the node's first pod. */
const MISSING_POLL_MS = 500

export function createAttachments(directories: readonly string[]): Attachments {
  const files = new Map<string, ResultFile>()
  const watches = directories.map((directory) => new DirectoryWatch(directory))
  const reading = new Map<string, Promise<boolean>>()
  /** True where the file's result is another one than before. One after the other: the last event finds the last write. */
  const read = async (path: string): Promise<boolean> => {
    const next = (reading.get(path) ?? Promise.resolve(false)).then(() => readNow(path))
    reading.set(path, next)
    try {
      return await next
    } finally {
      if (reading.get(path) === next) reading.delete(path)
    }
  }
  const readNow = async (path: string): Promise<boolean> => {
    const known = files.get(path)
    const found = await readResult(path, known)
    if (found === known) return false
    if (found === undefined) return files.delete(path)
    files.set(path, found)
    return JSON.stringify(found.attachments) !== JSON.stringify(known?.attachments ?? [])
  }
  const readAll = async (directory: string): Promise<boolean> => {
    const names = await namesIn(directory)
    const there = new Set(names.map((name) => join(directory, name)))
    const gone = [...files.keys()].filter((path) => path.startsWith(`${directory}/`) && !there.has(path))
    for (const path of gone) files.delete(path)
    const changes = await Promise.all([...there].map(read))
    return gone.length > 0 || changes.includes(true)
  }
  const sorted = (): readonly ResultFile[] => [...files.values()].sort((a, b) => a.written - b.written)
  return {
    all: () => sorted().flatMap((file) => file.attachments),
    owners: () => new Map(podsIn(sorted()).map(([address, { uid }]) => [address, uid])),
    since: () => new Map(podsIn(sorted())),
    refresh: async () => {
      const changes = await Promise.all(directories.map(readAll))
      const seen = [...files.values()]
      return {
        hasChanged: changes.includes(true),
        judge: (interfaces) => {
          for (const file of seen) file.isDead = !file.attachments.some((each) => isThere(each, interfaces))
        },
      }
    },
    watch: (changed) => {
      for (const each of watches) {
        each.begin({
          file: async (path) => {
            if (await read(path)) changed()
          },
          all: async (directory) => {
            if (await readAll(directory)) changed()
          },
        })
      }
    },
    stop: () => {
      for (const each of watches) each.stop()
    },
  }
}

function podsIn(files: readonly ResultFile[]): readonly (readonly [address: string, Attached])[] {
  return files.flatMap(({ attachments, written: since, isDead }) =>
    attachments.flatMap(({ podUid: uid, addresses }) =>
      uid === "" || isDead ? [] : addresses.map((address) => [address, { uid, since }] as const),
    ),
  )
}

/** A plugin need not name the node's end. */
function isThere({ hostInterfaces }: Attachment, interfaces: ReadonlySet<string>): boolean {
  return hostInterfaces.length === 0 || hostInterfaces.some((name) => interfaces.has(name))
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/**
 * What is known where the file is as it was, or is just being written: libcni writes in place, and an event
 * follows every write. A result that cannot be read is left out: its pod is then found by its route, or reported.
 */
async function readResult(path: string, known: ResultFile | undefined): Promise<ResultFile | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    const stamp = `${mtimeMs} ${size} ${ino}`
    if (known?.stamp === stamp || size > LIMIT_BYTES) return known
    const attachments = attachmentsIn(await readFile(path, "utf8"))
    return attachments === undefined ? known : { stamp, written: mtimeMs, attachments, isDead: false }
  } catch (error) {
    return isMissing(error) ? undefined : known
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT"
}

interface DirectoryWatcher {
  readonly file: (path: string) => Promise<void>
  readonly all: (directory: string) => Promise<void>
}

/** Of a directory that may come later, or go and come again. */
class DirectoryWatch {
  private readonly directory: string
  #watching: { readonly watcher: FSWatcher; readonly inode: number } | undefined
  #poll: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(directory: string) {
    this.directory = directory
  }

  begin(watcher: DirectoryWatcher): void {
    void this.#look(watcher)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#poll)
    this.#watching?.watcher.close()
  }

  async #look(watcher: DirectoryWatcher): Promise<void> {
    const inode = await stat(this.directory).then(
      (found) => found.ino,
      () => undefined,
    )
    if (this.#isStopped) return
    if (inode !== this.#watching?.inode) this.#watchAnew(inode, watcher)
    await watcher.all(this.directory).catch(() => undefined)
    if (this.#isStopped) return
    this.#poll = setTimeout(() => void this.#look(watcher), inode === undefined ? MISSING_POLL_MS : POLL_MS)
  }

  #watchAnew(inode: number | undefined, { file }: DirectoryWatcher): void {
    this.#watching?.watcher.close()
    this.#watching = undefined
    if (inode === undefined) return
    try {
      const watcher = watch(this.directory, (_, name) => {
        if (name !== null) void file(join(this.directory, name))
      })
      // Then the poll finds another inode, or the files themselves.
      watcher.on("error", () => watcher.close())
      this.#watching = { watcher, inode }
    } catch {
      this.#watching = undefined
    }
  }
}
