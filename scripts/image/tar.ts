// Tar archives: written as POSIX ustar with nothing in them that differs from run to run (owner 0, time 0),
// read as dpkg-deb prints them (GNU tar: long names in an entry of their own).

import type { FileEntry } from "./file-entry.ts"

const BLOCK = 512
const NAME_BYTES = 100
const PREFIX_BYTES = 155

export function writeTar(entries: readonly FileEntry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = entry.kind === "file" ? entry.content : Buffer.alloc(0)
    return [header(entry, content.length), content, Buffer.alloc(padding(content.length))]
  })
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}

function header(entry: FileEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK)
  const [prefix, name] = splitName(entry.kind === "directory" ? `${entry.path}/` : entry.path)
  const mode = entry.kind === "link" ? 0o777 : entry.mode
  block.write(name, 0)
  block.write(octal(mode, 7), 100)
  block.write(octal(0, 7), 108)
  block.write(octal(0, 7), 116)
  block.write(octal(size, 11), 124)
  block.write(octal(0, 11), 136)
  block.write(" ".repeat(8), 148)
  block.write(typeOf(entry), 156)
  block.write(entry.kind === "link" ? entry.target : "", 157)
  block.write("ustar\u000000", 257)
  block.write(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

function typeOf(entry: FileEntry): string {
  switch (entry.kind) {
    case "file":
      return "0"
    case "link":
      return "2"
    case "directory":
      return "5"
  }
}

function splitName(path: string): readonly [string, string] {
  if (Buffer.byteLength(path) <= NAME_BYTES) return ["", path]
  const at = path.indexOf("/", path.length - NAME_BYTES - 1)
  if (at <= 0 || at > PREFIX_BYTES || at === path.length - 1)
    throw new Error(`too long for a tar entry: ${path}`)
  return [path.slice(0, at), path.slice(at + 1)]
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0")
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK
}

/** Directories, files and links of an archive; a hard link is the file that it names. */
export function readTar(archive: Buffer): readonly FileEntry[] {
  const found = new Map<string, FileEntry>()
  let longName: string | undefined
  let longTarget: string | undefined
  let at = 0
  while (at + BLOCK <= archive.length) {
    const block = archive.subarray(at, at + BLOCK)
    if (block.every((byte) => byte === 0)) break
    const size = Number.parseInt(text(block, 124, 12), 8)
    const content = archive.subarray(at + BLOCK, at + BLOCK + size)
    const type = text(block, 156, 1)
    at += BLOCK + size + padding(size)
    if (type === "L") longName = text(content, 0, size)
    else if (type === "K") longTarget = text(content, 0, size)
    else {
      const path = clean(longName ?? nameOf(block))
      const entry = entryOf({
        path,
        type,
        target: longTarget ?? text(block, 157, 100),
        block,
        content,
        found,
      })
      if (path !== "") found.set(path, entry)
      longName = undefined
      longTarget = undefined
    }
  }
  return [...found.values()]
}

interface Read {
  readonly path: string
  readonly type: string
  readonly target: string
  readonly block: Buffer
  readonly content: Buffer
  readonly found: ReadonlyMap<string, FileEntry>
}

function entryOf({ path, type, target, block, content, found }: Read): FileEntry {
  const mode = Number.parseInt(text(block, 100, 8), 8) & 0o777
  if (type === "5") return { kind: "directory", path, mode }
  if (type === "2") return { kind: "link", path, target }
  if (type === "0" || type === "") return { kind: "file", path, mode, content }
  const same = type === "1" ? found.get(clean(target)) : undefined
  if (same === undefined) throw new Error(`tar entry ${path} is of type ${type}, which is not read`)
  return { ...same, path }
}

function nameOf(block: Buffer): string {
  const prefix = text(block, 257, 6) === "ustar" ? text(block, 345, PREFIX_BYTES) : ""
  return prefix === "" ? text(block, 0, NAME_BYTES) : `${prefix}/${text(block, 0, NAME_BYTES)}`
}

function clean(path: string): string {
  return path
    .replace(/^\.?\/+/, "")
    .replace(/\/+$/, "")
    .replace(/^\.$/, "")
}

function text(block: Buffer, from: number, length: number): string {
  const bytes = block.subarray(from, from + length)
  const end = bytes.indexOf(0)
  return bytes.subarray(0, end === -1 ? length : end).toString()
}
