// What nft refuses, as codes a program can act on.
//
// nft has no machine-readable errors: the texts are its own words and libc's strerror (LC_ALL=C). The
// rows were provoked with nft 1.0.6 on Linux 6.18; those marked 1.1 are from the sources of nft 1.1.

import type { Command } from "./schema.ts"

/**
 * What the caller can do about it:
 * - not-found, exists, busy: the kernel differs from what the caller believed; read back, compute again;
 * - full: the set has a `size` and is full;
 * - overlap: an interval meets another one;
 * - syntax: the transaction itself is faulty, no state of the kernel would take it;
 * - too-large: one netlink message is too long; split the transaction;
 * - permission: CAP_NET_ADMIN in this network namespace is missing;
 * - unavailable: there is no nft, no nf_tables, or it did not answer in time;
 * - unknown: none of these.
 */
export type NftErrorCode =
  | "not-found"
  | "exists"
  | "busy"
  | "full"
  | "overlap"
  | "syntax"
  | "too-large"
  | "permission"
  | "unavailable"
  | "unknown"

export interface NftErrorDetails {
  readonly code: NftErrorCode
  /** nft's own text, whole. */
  readonly text: string
  /** The first command of the transaction that was refused, where it could be found out. */
  readonly command?: Command
  /** Its position in the transaction. */
  readonly index?: number
  /**
   * "nothing": the transaction was not applied. "unknown": nft died or was lost on the way, and the
   * kernel has the whole transaction or nothing of it.
   */
  readonly applied?: "nothing" | "unknown"
  readonly cause?: unknown
}

export class NftError extends Error {
  override readonly name = "NftError"
  readonly code: NftErrorCode
  readonly text: string
  readonly command: Command | undefined
  readonly index: number | undefined
  readonly applied: "nothing" | "unknown"

  constructor(details: NftErrorDetails) {
    super(messageOf(details), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.text = details.text
    this.command = details.command
    this.index = details.index
    this.applied = details.applied ?? "nothing"
  }
}

/** The code of what nft printed; of several errors the first line that is understood decides. */
export function codeOf(text: string): NftErrorCode {
  for (const line of text.split("\n")) {
    const row = PATTERNS.find(([pattern]) => pattern.test(line))
    if (row !== undefined) return row[1]
  }
  return "unknown"
}

/** Position of the command that nft could not parse; the kernel's refusals carry none. */
export function parsedIndexOf(text: string): number | undefined {
  const found = /Parsing command array at index (\d+) failed/.exec(text)
  return found?.[1] === undefined ? undefined : Number(found[1])
}

// Order matters: a line is tried against the rows from above.
const PATTERNS: readonly (readonly [RegExp, NftErrorCode])[] = [
  [/Operation not permitted|Permission denied/, "permission"],
  [/Unable to (initialize|open) Netlink socket|Protocol not supported/i, "unavailable"],
  [/Message too long|No buffer space available/, "too-large"],
  [/Too many open files in system/, "full"],
  [/interval overlaps|[Cc]onflicting intervals|overlapping/, "overlap"],
  [/File exists/, "exists"],
  [/Device or resource busy|Interrupted system call|Resource temporarily unavailable/, "busy"],
  [/No such file or directory|does not exist|No such process/, "not-found"],
  [/Too many links|Operation not supported|Invalid argument|Numerical result out of range/, "syntax"],
  [/Value too large for defined data type|[Vv]alue .* exceeds valid range/, "syntax"],
  [/Could not resolve |has no effect|out of range|specify either|too long|syntax error/, "syntax"],
  [/Unknown |Unexpected |Invalid |Malformed |Parsing |Expected |Object item not found/, "syntax"],
  [
    /datatype mismatch|[Cc]onflicting|[Uu]nsupported|not supported|not allowed|[Cc]annot|[Cc]an not/,
    "syntax",
  ],
]

function messageOf(details: NftErrorDetails): string {
  const first = details.text.split("\n").find((line) => line.trim() !== "") ?? details.code
  const text = first.replace(/^internal:0:0-0: Error: /, "")
  if (details.command === undefined) return `nft: ${text}`
  const where = details.index === undefined ? "" : ` (command ${details.index})`
  return `nft: ${text}: ${summary(details.command)}${where}`
}

function summary(command: Command): string {
  const json = JSON.stringify(command)
  return json.length > SUMMARY ? `${json.slice(0, SUMMARY)}...` : json
}

const SUMMARY = 200
