// nft as one long-lived process: a fifth of a millisecond a transaction instead of two or more.
//
// Transactions are applied in the order in which they were handed in, one at a time. The process is
// replaced when it dies, and before its history (nft 1.0.6 walks all of it for each line: 10,000 lines
// make every line 0.1 ms slower) or its memory grows. Whatever happens to it, each transaction is applied
// once or its promise is rejected; fence.ts says how that is known.

import { encode } from "./encode.ts"
import { codeOf, NftError } from "./errors.ts"
import {
  createFence,
  FENCE_TABLE,
  type Fence,
  firstMarker,
  guardsBefore,
  type Marker,
  nextMarker,
} from "./fence.ts"
import type { Nft } from "./nft.ts"
import {
  createOneShot,
  explain,
  type OneShotOptions,
  type OneShotSettings,
  runOnce,
  withDefaults,
} from "./one-shot.ts"
import type { Transaction } from "./schema.ts"
import { openShell, type Reply, type Shell } from "./shell.ts"

export interface InteractiveOptions extends OneShotOptions {
  /** Name of this runner's set in the table `inet nftables_json`; two runners must not share one. */
  readonly name?: string
  /** Lines after which the process is replaced. */
  readonly maxLines?: number
  /** Resident memory after which the process is replaced. */
  readonly maxMemory?: number
  /** Transactions longer than this go through a process of their own. */
  readonly maxLineBytes?: number
  /** Transactions that may wait; more are rejected at once. */
  readonly maxQueued?: number
}

export interface InteractiveNft extends Nft {
  readonly statistics: () => Statistics
}

export interface Statistics {
  readonly queued: number
  /** Processes started so far. */
  readonly processes: number
  /** Times a process died, or was killed for its silence, with a transaction in it. */
  readonly lost: number
  /** Process id of the running nft, for whoever watches it. */
  readonly pid: number | undefined
}

export function createInteractive(options: InteractiveOptions = {}): InteractiveNft {
  const runner = newRunner(options)
  return {
    run: (transaction) => enqueue(runner, () => apply(runner, transaction)),
    list: (scope) => enqueue(runner, () => Promise.resolve()).then(() => runner.oneShot.list(scope)),
    close: () => close(runner),
    statistics: () => ({
      queued: runner.queued,
      processes: runner.processes,
      lost: runner.lost,
      pid: runner.shell?.hasEnded === false ? runner.shell.pid : undefined,
    }),
  }
}

interface Runner {
  readonly settings: OneShotSettings & Required<InteractiveOptions>
  readonly fence: Fence
  readonly oneShot: Nft
  shell: Shell | undefined
  /** The marker in force; undefined until the fence is established. */
  marker: Marker | undefined
  tail: Promise<unknown>
  queued: number
  processes: number
  lost: number
  isClosed: boolean
}

function newRunner(options: InteractiveOptions): Runner {
  const settings = {
    name: "runner",
    maxLines: 512,
    maxMemory: 64 * 1024 * 1024,
    maxLineBytes: 64 * 1024,
    maxQueued: 10_000,
    ...options,
    ...withDefaults(options),
  }
  const { name } = settings
  const state = { shell: undefined, marker: undefined, tail: Promise.resolve() }
  const counts = { queued: 0, processes: 0, lost: 0, isClosed: false }
  return { settings, fence: createFence(name), oneShot: createOneShot(options), ...state, ...counts }
}

/** One job after the other; a job's failure is its caller's alone. */
function enqueue<T>(runner: Runner, job: () => Promise<T>): Promise<T> {
  if (runner.isClosed) return Promise.reject(unavailable("the runner is closed"))
  if (runner.queued >= runner.settings.maxQueued) {
    return Promise.reject(unavailable(`${runner.queued} transactions are waiting`))
  }
  runner.queued += 1
  const result = runner.tail.then(job).finally(() => {
    runner.queued -= 1
  })
  runner.tail = result.catch(() => undefined)
  return result
}

async function apply(runner: Runner, transaction: Transaction): Promise<void> {
  if (transaction.length === 0) return
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(runner, transaction)
    if (outcome.kind === "applied") return
    if (outcome.kind === "refused")
      throw await explain(runner.settings, {
        transaction,
        text: outcome.text,
        preceding: guardsBefore(transaction),
      })
    if (attempt === ATTEMPTS || outcome.isFinal) throw outcome.error
  }
}

/** A transaction that ends nft each time (nft 1.0.6 aborts on a log prefix of 256 bytes) is given up. */
const ATTEMPTS = 5

type Outcome =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly text: string }
  /** Nothing of it was applied, or, where the error says so, nobody can know. */
  | { readonly kind: "failed"; readonly error: NftError; readonly isFinal: boolean }

async function attemptOnce(runner: Runner, transaction: Transaction): Promise<Outcome> {
  const from = runner.marker ?? (await establish(runner))
  const to = nextMarker(from)
  const reply = await deliver(runner, runner.fence.guard(transaction, { from, to }))
  if (reply.kind === "silent") {
    runner.marker = to
    return { kind: "applied" }
  }
  if (reply.kind === "lost") runner.lost += 1
  // From here on only the kernel is believed: a text may be a warning, and a dead process may have committed.
  const marker = await readBack(runner, reply)
  if (marker === to) {
    runner.marker = to
    return { kind: "applied" }
  }
  if (marker === from) return notApplied(reply)
  runner.marker = undefined
  return withoutFence(reply)
}

/** The kernel has the predecessor's marker: nothing was applied. */
function notApplied(reply: LostOrRefused): Outcome {
  if (reply.kind === "refused") return { kind: "refused", text: reply.text }
  const error = new NftError({
    code: reply.isTimeout ? "unavailable" : "unknown",
    text: reply.text,
    cause: reply.cause,
  })
  return { kind: "failed", error, isFinal: reply.isTimeout }
}

/**
 * Neither marker is there: someone flushed the ruleset or took the set. A refusal is still nothing applied,
 * and is tried again; after a loss nobody can know.
 */
function withoutFence(reply: LostOrRefused): Outcome {
  if (reply.kind === "refused") {
    const error = new NftError({ code: codeOf(reply.text), text: reply.text })
    return { kind: "failed", error, isFinal: false }
  }
  const error = new NftError({ code: "unknown", text: reply.text, applied: "unknown", cause: reply.cause })
  return { kind: "failed", error, isFinal: true }
}

type Delivered = Reply & { readonly isTimeout: boolean }
type LostOrRefused = Exclude<Delivered, { readonly kind: "silent" }>

async function establish(runner: Runner): Promise<Marker> {
  const marker = firstMarker()
  try {
    await runner.oneShot.run(runner.fence.establish(marker))
  } catch (cause) {
    if (!(cause instanceof NftError)) throw cause
    // What the caller handed in has not been sent.
    throw new NftError({ code: cause.code, text: cause.text, applied: "nothing", cause })
  }
  runner.marker = marker
  return marker
}

async function readBack(runner: Runner, reply: LostOrRefused): Promise<Marker | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runner.fence.read(runner.oneShot)
    } catch (cause) {
      if (attempt < ATTEMPTS) continue
      // The next transaction establishes the fence anew; what became of this one, nobody can say.
      runner.marker = undefined
      const applied = reply.kind === "refused" ? "nothing" : "unknown"
      throw new NftError({ code: "unavailable", text: reply.text, applied, cause })
    }
  }
}

async function deliver(runner: Runner, commands: Transaction): Promise<Delivered> {
  const line = encode(commands)
  if (line.length > runner.settings.maxLineBytes) return deliverAlone(runner, commands)
  const shell = shellOf(runner)
  let isTimeout = false
  const timer = setTimeout(() => {
    isTimeout = true
    shell.kill()
  }, runner.settings.timeoutMs)
  const reply = await shell.send(line)
  clearTimeout(timer)
  replaceWhenGrown(runner, shell)
  return { ...reply, isTimeout }
}

/** A long line makes the interactive process grow, and takes it twice as long as a file. */
async function deliverAlone(runner: Runner, commands: Transaction): Promise<Delivered> {
  const result = await runOnce(runner.settings, commands)
  const isTimeout = result.killed === "timeout"
  if (result.exitCode === 0) return { kind: "silent", isTimeout }
  if (result.exitCode !== null) return { kind: "refused", text: result.errors, isTimeout }
  return { kind: "lost", text: `nft ended (${result.signal})\n${result.errors}`, isTimeout }
}

function shellOf(runner: Runner): Shell {
  if (runner.shell !== undefined && !runner.shell.hasEnded) return runner.shell
  runner.shell = openShell(runner.settings.command)
  runner.processes += 1
  return runner.shell
}

function replaceWhenGrown(runner: Runner, shell: Shell): void {
  const { maxLines, maxMemory } = runner.settings
  const isGrown = shell.lines >= maxLines || (shell.lines % MEMORY_EVERY === 0 && shell.memory() > maxMemory)
  if (!isGrown || shell.hasEnded) return
  shell.end()
  runner.shell = undefined
  shellOf(runner)
}

const MEMORY_EVERY = 32

async function close(runner: Runner): Promise<void> {
  if (runner.isClosed) return
  const last = enqueue(runner, () => removeFence(runner))
  runner.isClosed = true
  try {
    await last
  } finally {
    runner.shell?.end()
    await runner.shell?.ended
  }
}

/** The table goes with the last runner's set. One that comes just then finds its set gone and makes it anew. */
async function removeFence(runner: Runner): Promise<void> {
  if (runner.marker === undefined) return
  try {
    const listed = await runner.oneShot.list({ kind: "table", family: "inet", name: FENCE_TABLE })
    const isLast = listed.filter((object) => "set" in object).length === 1
    await runner.oneShot.run(isLast ? REMOVE_TABLE : runner.fence.remove)
  } catch (error) {
    if (!(error instanceof NftError && error.code === "not-found")) throw error
  }
}

const REMOVE_TABLE: Transaction = [{ delete: { table: { family: "inet", name: FENCE_TABLE } } }]

function unavailable(text: string): NftError {
  return new NftError({ code: "unavailable", text })
}
