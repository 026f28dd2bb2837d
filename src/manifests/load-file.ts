// A file -> its text, if it is text of a size that can be read.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { pathDiagnostic, STANDARD_INPUT } from "./find-files.ts"
import type { Format, SourceFile } from "./source-file.ts"

const MiB = 1024 * 1024

/** YAML takes about 80 bytes of memory and half a microsecond a byte; JSON ends where V8's strings do. */
export const LIMITS = { yaml: 32 * MiB, json: 500 * MiB } as const satisfies Record<Format, number>

export interface LoadedFile {
  readonly file: SourceFile
  readonly format: Format
  readonly text: string
}

export type Loaded =
  | { readonly ok: true; readonly loaded: LoadedFile }
  | { readonly ok: false; readonly diagnostic: Diagnostic }

export function loadFile(name: string, stdin: () => Uint8Array): Loaded {
  try {
    return name === STANDARD_INPUT ? fromBytes(name, stdin(), false) : fromPath(name)
  } catch (error) {
    return { ok: false, diagnostic: pathDiagnostic(name, error) }
  }
}

/** What was read elsewhere, e.g. from a Git revision. */
export function loadBytes(name: string, bytes: Uint8Array): Loaded {
  return fromBytes(name, bytes, false)
}

function fromPath(name: string): Loaded {
  const descriptor = openSync(name, "r")
  try {
    const stat = fstatSync(descriptor)
    if (stat.isFile() && stat.size > LIMITS.json) return tooLarge(name, stat.size, "json")
    const bytes = stat.isFile() ? readFileSync(descriptor) : readStream(descriptor)
    return fromBytes(name, bytes, stat.isFile())
  } finally {
    closeSync(descriptor)
  }
}

/** A pipe or a device has no size: of what does not end as much is read as shows that it is too large. */
export function readStream(descriptor: number, most: number = LIMITS.json): Uint8Array {
  const chunks: Uint8Array[] = []
  let size = 0
  while (size <= most) {
    const chunk = new Uint8Array(MiB)
    const read = readSome(descriptor, chunk)
    if (read === 0) break
    chunks.push(chunk.subarray(0, read))
    size += read
  }
  return Buffer.concat(chunks)
}

/**
 * Waits for who writes a pipe. Node makes standard input non-blocking as soon as anything looks at process.stdin, and
 * `import "node:process"` does (Node 24): a read before the first byte, helm template being slow, is EAGAIN then.
 */
function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk)
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error
      Atomics.wait(clock, 0, 0, POLL_MS)
    }
  }
}

const POLL_MS = 10
/** Nobody wakes it up. */
const clock = new Int32Array(new SharedArrayBuffer(4))

function fromBytes(name: string, bytes: Uint8Array, readAgain: boolean): Loaded {
  if (bytes.length > LIMITS.json) return tooLarge(name, bytes.length, "json")
  const why = binaryMistake(bytes)
  if (why !== undefined) return { ok: false, diagnostic: at(name, notText(name, why)) }
  const text = decode(bytes)
  if (text === undefined) {
    return { ok: false, diagnostic: at(name, notText(name, "it has bytes that are not UTF-8")) }
  }
  const format = formatOf(name, text)
  if (bytes.length > LIMITS[format]) return tooLarge(name, bytes.length, format)
  const again = (): string => decode(readFileSync(name)) ?? ""
  const file: SourceFile = { name, text: readAgain ? again : () => text }
  return { ok: true, loaded: { file, format, text } }
}

/** By its name, or by its first character: a YAML mapping in braces is read as YAML where it is no JSON. */
function formatOf(name: string, text: string): Format {
  if (/\.json$/i.test(name)) return "json"
  if (/\.ya?ml$/i.test(name) && text.length <= LIMITS.yaml) return "yaml"
  return /^\s*[{[]/.test(text) ? "json" : "yaml"
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function binaryMistake(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return "it is UTF-16"
  return bytes.subarray(0, 8192).includes(0) ? "it is binary" : undefined
}

function notText(name: string, why: string): Diagnostic {
  return diagnostic("notText", { value: shown(name), why })
}

function tooLarge(name: string, size: number, format: Format): Loaded {
  const mebibytes = (bytes: number) => Math.ceil(bytes / MiB)
  const values = {
    value: shown(name),
    size: mebibytes(size),
    format: format === "yaml" ? "YAML" : "JSON",
    limit: mebibytes(LIMITS[format]),
  }
  return { ok: false, diagnostic: at(name, diagnostic("fileTooLarge", values)) }
}

function at(name: string, what: Diagnostic): Diagnostic {
  return { ...what, position: { file: name, line: 1, column: 1 } }
}
