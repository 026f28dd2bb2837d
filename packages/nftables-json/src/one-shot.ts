// nft, one process a request: `nft -j -f -`.
//
// Two milliseconds dearer than the long-lived process of interactive.ts, and without state: what it does
// is over when it has exited.

import { encode, type ListCommand } from "./encode.ts"
import { codeOf, NftError } from "./errors.ts"
import { firstRefused, type Refusal } from "./locate.ts"
import type { ListScope, Nft } from "./nft.ts"
import { parse } from "./parse.ts"
import { type ProcessResult, runProcess } from "./process.ts"
import type { Command, Ruleset, Transaction } from "./schema.ts"

export interface OneShotOptions {
  /** How to call nft; `["ip", "netns", "exec", NAME, "nft"]` works in another network namespace. */
  readonly command?: readonly string[]
  /** A process that takes longer is killed. */
  readonly timeoutMs?: number
  /** A listing that is longer is refused. */
  readonly maxBytes?: number
}

export function createOneShot(options: OneShotOptions = {}): Nft {
  const settings = withDefaults(options)
  return {
    run: (transaction) => runTransaction(settings, transaction),
    list: (scope) => list(settings, scope ?? { kind: "ruleset" }),
    close: () => Promise.resolve(),
  }
}

export type OneShotSettings = Required<OneShotOptions>

/** A foreign commit of seconds blocks ours in the kernel: the time-out is far from what a transaction takes. */
export function withDefaults(options: OneShotOptions): OneShotSettings {
  return {
    command: options.command ?? ["nft"],
    timeoutMs: options.timeoutMs ?? 60_000,
    maxBytes: options.maxBytes ?? 512 * 1024 * 1024,
  }
}

async function runTransaction(settings: OneShotSettings, transaction: Transaction): Promise<void> {
  if (transaction.length === 0) return
  const result = await runOnce(settings, transaction)
  if (result.exitCode === 0) return
  if (result.exitCode === null) throw new NftError({ ...died(result), applied: "unknown" })
  throw await explain(settings, { transaction, text: result.errors, preceding: 0 })
}

/** What nft came to with the transaction, as it is. */
export function runOnce(settings: OneShotSettings, transaction: Transaction): Promise<ProcessResult> {
  return send(settings, ["-j", "-f", "-"], transaction)
}

/** The error for a refused transaction, with the first command that nft or the kernel does not take. */
export async function explain(settings: OneShotSettings, refusal: Refusal): Promise<NftError> {
  const { index, text } = await firstRefused(refusal, (commands) => check(settings, commands))
  const command = index === undefined ? undefined : refusal.transaction[index]
  const place = index === undefined || command === undefined ? {} : { index, command }
  const whole = refusal.text.includes(text) ? refusal.text : `${text}\n${refusal.text}`
  return new NftError({ code: codeOf(text), text: whole, ...place })
}

/** What `nft -c` says about the commands, without applying them; undefined when it takes them. */
async function check(settings: OneShotSettings, commands: Transaction): Promise<string | undefined> {
  const result = await send(settings, ["-j", "-c", "-f", "-"], commands)
  return result.exitCode === 0 ? undefined : result.errors
}

async function list(settings: OneShotSettings, scope: ListScope): Promise<Ruleset> {
  const result = await send(settings, ["-j", "-f", "-"], [listCommand(scope)])
  // It may have ended by itself before the signal came: what was read is not whole all the same.
  if (result.exitCode === null || result.killed !== undefined) throw new NftError(died(result))
  if (result.exitCode !== 0) throw new NftError({ code: codeOf(result.errors), text: result.errors })
  return readListing(result.output)
}

function listCommand(scope: ListScope): ListCommand {
  switch (scope.kind) {
    case "ruleset":
    case "tables":
    case "chains":
      return { list: { [scope.kind]: null } }
    case "table":
      return { list: { table: { family: scope.family, name: scope.name } } }
    case "set":
    case "map":
    case "chain":
      return { list: { [scope.kind]: { family: scope.family, table: scope.table, name: scope.name } } }
  }
}

function readListing(text: string): Ruleset {
  try {
    return parse(text)
  } catch (cause) {
    throw new NftError({
      code: "unknown",
      text: `nft listed what is no ruleset: ${text.slice(0, 200)}`,
      cause,
    })
  }
}

function send(
  settings: OneShotSettings,
  flags: readonly string[],
  commands: readonly (Command | ListCommand)[],
): Promise<ProcessResult> {
  return runProcess({
    command: [...settings.command, ...flags],
    input: encode(commands),
    timeoutMs: settings.timeoutMs,
    maxBytes: settings.maxBytes,
  })
}

function died(result: ProcessResult): {
  readonly code: "too-large" | "unavailable" | "unknown"
  readonly text: string
} {
  switch (result.killed) {
    case "timeout":
      return { code: "unavailable", text: `nft did not answer in time\n${result.errors}` }
    case "too-much-output":
      return { code: "too-large", text: "nft printed more than maxBytes" }
    case undefined:
      return { code: "unknown", text: `nft was ended by ${result.signal ?? "a signal"}\n${result.errors}` }
  }
}
