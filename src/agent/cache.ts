// The last program of the node on disk, so that a restarted agent enforces before it has heard from anyone.
//
// Two files: the program as it was when it last came whole, and a log of the updates since, a line each; an update
// of one address must not cost the writing of a hundred thousand. What cannot be read whole is no
// program: an agent without one installs nothing and leaves the kernel's table alone.

import { createHash } from "node:crypto"
import { appendFile, readFile, truncate } from "node:fs/promises"
import { join } from "node:path"
import type { NodeRuleset, NodeUpdate } from "../wire/node-ruleset.ts"
import { readBounded, writeDurably } from "./durable-file.ts"
import { holdProgram } from "./held-program.ts"

export interface CachedProgram {
  readonly node: NodeRuleset
  /** The boot it was written in: after another one its addresses may belong to other pods. */
  readonly bootId: string
  /** The mark mask it was enforced with. */
  readonly mask: number
}

export type CacheRead =
  | { readonly kind: "program"; readonly program: CachedProgram }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly reason: string }

export interface Cache {
  /** With the updates of the log, as far as they follow each other and are whole. */
  read(): Promise<CacheRead>
  /** Replaces the program; the log begins anew. */
  write(program: CachedProgram): Promise<void>
  append(update: NodeUpdate): Promise<void>
  /** The log has grown longer than the program: it should be written whole. */
  readonly isLong: boolean
}

/** 100,000 addresses in a few sets are 5 MB; this is where something is wrong. */
const LIMIT_BYTES = 256 * 1024 * 1024
const LEAST_LOG_BYTES = 1024 * 1024
const FORMAT = "postern-program-1"

export function createCache(directory: string): Cache {
  const path = join(directory, "program")
  const log = `${path}.log`
  let programBytes = 0
  let logBytes = 0
  return {
    read: async () => {
      try {
        const [text, updates] = await Promise.all([
          readBounded(path, LIMIT_BYTES),
          readBounded(log, LIMIT_BYTES),
        ])
        const read = text === undefined ? NONE : decode(text)
        return read.kind === "program" ? { ...read, program: withUpdates(read.program, updates ?? "") } : read
      } catch (error) {
        return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) }
      }
    },
    write: async (program) => {
      const text = encode(program)
      if (text.length > LIMIT_BYTES) throw new RangeError(`a program of ${text.length} bytes is not cached`)
      // First: a controller that begins anew counts anew, and an old update could seem to follow the new program.
      await truncate(log).catch(ignoreMissing)
      await writeDurably(path, text)
      programBytes = text.length
      logBytes = 0
    },
    append: async (update) => {
      const line = `${checkedLine(JSON.stringify(update))}\n`
      await appendFile(log, line, { mode: 0o600 })
      logBytes += line.length
    },
    get isLong() {
      return logBytes > Math.max(programBytes, LEAST_LOG_BYTES)
    },
  }
}

const NONE: CacheRead = { kind: "none" }

export async function currentBootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim()
}

export function encode(program: CachedProgram): string {
  const body = JSON.stringify(program)
  return `${FORMAT} ${checksum(body)}\n${body}\n`
}

export function decode(text: string): CacheRead {
  const end = text.indexOf("\n")
  const [format, sum] = text.slice(0, Math.max(end, 0)).split(" ")
  const body = text.slice(end + 1, -1)
  if (format !== FORMAT) return { kind: "unreadable", reason: "it does not begin with a known header" }
  if (!text.endsWith("\n") || checksum(body) !== sum) {
    return { kind: "unreadable", reason: "its checksum is wrong" }
  }
  const value: unknown = JSON.parse(body)
  if (isProgram(value)) return { kind: "program", program: value }
  return { kind: "unreadable", reason: "it is not a program" }
}

/** The program after the updates of the log, up to the first that is broken or does not follow. */
function withUpdates(program: CachedProgram, log: string): CachedProgram {
  const held = holdProgram(program.node)
  for (const line of log.split("\n")) {
    const update = readLine(line)
    if (update === undefined) break
    if (update.from === held.revision) held.advance(update)
  }
  return { ...program, node: held.whole() }
}

function checkedLine(body: string): string {
  return `${checksum(body)} ${body}`
}

function readLine(line: string): NodeUpdate | undefined {
  const end = line.indexOf(" ")
  const body = line.slice(end + 1)
  if (end < 0 || checksum(body) !== line.slice(0, end)) return undefined
  const value: unknown = JSON.parse(body)
  return isUpdate(value) ? value : undefined
}

function checksum(body: string): string {
  return createHash("sha256").update(body).digest("hex")
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error
}

/** The checksum has shown that this agent wrote it: only the outline is looked at again. */
function isProgram(value: unknown): value is CachedProgram {
  if (typeof value !== "object" || value === null) return false
  if (!("node" in value && "bootId" in value && "mask" in value)) return false
  const { node, bootId, mask } = value
  if (typeof node !== "object" || node === null || typeof bootId !== "string" || typeof mask !== "number") {
    return false
  }
  return (
    "revision" in node &&
    typeof node.revision === "number" &&
    "ruleset" in node &&
    Array.isArray(node.ruleset)
  )
}

function isUpdate(value: unknown): value is NodeUpdate {
  return (
    typeof value === "object" && value !== null && "from" in value && "revision" in value && "plan" in value
  )
}
