// The last program of the node on disk, so that a restarted agent enforces before it has heard from anyone.
//
// One line of header (format, boot, mask, checksum) and one of JSON. What cannot be read whole is no
// program: an agent without one installs nothing and leaves the kernel's table alone.

import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { NodeRuleset } from "../wire/node-ruleset.ts"
import { readBounded, writeDurably } from "./durable-file.ts"

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
  read(): Promise<CacheRead>
  write(program: CachedProgram): Promise<void>
}

/** 100,000 addresses in a few sets are 5 MB; this is where something is wrong. */
const LIMIT_BYTES = 256 * 1024 * 1024
const FORMAT = "postern-program-1"

export function createCache(directory: string): Cache {
  const path = join(directory, "program")
  return {
    read: async () => {
      try {
        const text = await readBounded(path, LIMIT_BYTES)
        return text === undefined ? { kind: "none" } : decode(text)
      } catch (error) {
        return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) }
      }
    },
    write: async (program) => {
      const text = encode(program)
      if (text.length > LIMIT_BYTES) throw new RangeError(`a program of ${text.length} bytes is not cached`)
      await writeDurably(path, text)
    },
  }
}

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
  if (!text.endsWith("\n") || checksum(body) !== sum)
    return { kind: "unreadable", reason: "its checksum is wrong" }
  const value: unknown = JSON.parse(body)
  if (isProgram(value)) return { kind: "program", program: value }
  return { kind: "unreadable", reason: "it is not a program" }
}

function checksum(body: string): string {
  return createHash("sha256").update(body).digest("hex")
}

/** The checksum has shown that this agent wrote it: only the outline is looked at again. */
function isProgram(value: unknown): value is CachedProgram {
  if (typeof value !== "object" || value === null) return false
  if (!("node" in value && "bootId" in value && "mask" in value)) return false
  const { node, bootId, mask } = value
  if (typeof node !== "object" || node === null || typeof bootId !== "string" || typeof mask !== "number")
    return false
  return (
    "revision" in node &&
    typeof node.revision === "number" &&
    "ruleset" in node &&
    Array.isArray(node.ruleset)
  )
}
