// One `nft -j -i` process: a line in, what nft had to say about it out.
//
// nft says nothing about a line that it could do. So a second line follows each: a command that fails to
// parse, which needs no netlink message (0.08 ms), and whose refusal names a token of ours. What was
// printed before that token belongs to the first line. (nft 1.0.6 to 1.1: "Unknown statement object".)

import type { ChildProcess } from "node:child_process"
import { readFileSync } from "node:fs"
import { start } from "./process.ts"

export interface Shell {
  readonly pid: number | undefined
  readonly lines: number
  readonly hasEnded: boolean
  /** One line at a time. */
  send(line: string): Promise<Reply>
  /** Resident memory in bytes; 0 where it cannot be read. */
  memory(): number
  /** Lets the process finish what it reads, then end. */
  end(): void
  kill(): void
  /** Resolves when nothing holds the process's pipes any more: what it did to the kernel is done. */
  readonly ended: Promise<void>
}

/** "silent": applied. "refused": with nft's text. "lost": the process ended before it answered. */
export type Reply =
  | { readonly kind: "silent" }
  | { readonly kind: "refused"; readonly text: string }
  | { readonly kind: "lost"; readonly text: string; readonly cause?: unknown }

export function openShell(command: readonly string[]): Shell {
  const child = start([...command, "-j", "-i"])
  const state: ShellState = {
    child,
    lines: 0,
    text: "",
    waiting: undefined,
    hasEnded: false,
    failure: undefined,
  }
  const ended = listen(state)
  return {
    pid: child.pid,
    get lines() {
      return state.lines
    },
    get hasEnded() {
      return state.hasEnded
    },
    send: (line) => send(state, line),
    memory: () => residentBytes(child.pid),
    end: () => child.stdin?.end(),
    kill: () => child.kill("SIGKILL"),
    ended,
  }
}

interface ShellState {
  readonly child: ChildProcess
  lines: number
  text: string
  waiting: { readonly token: string; readonly resolve: (reply: Reply) => void } | undefined
  hasEnded: boolean
  failure: Error | undefined
}

/** Resolves when nothing holds the process's pipes any more. */
function listen(state: ShellState): Promise<void> {
  const { child } = state
  child.stderr?.setEncoding("utf8")
  child.stderr?.on("data", (chunk: string) => {
    state.text += chunk
    answer(state)
  })
  child.stdout?.resume()
  // EPIPE: the process ended; `close` says so.
  child.stdin?.on("error", () => undefined)
  return new Promise<void>((resolve) => {
    child.on("error", (failure) => {
      state.failure = failure
      finish(state)
      resolve()
    })
    child.on("close", () => {
      finish(state)
      resolve()
    })
  })
}

function send(state: ShellState, line: string): Promise<Reply> {
  state.lines += 1
  const token = `fence${state.lines}_`
  return new Promise((resolve) => {
    state.waiting = { token, resolve }
    if (state.hasEnded) finish(state)
    else state.child.stdin?.write(`${line}\n${fenceLine(token)}\n`)
  })
}

function fenceLine(token: string): string {
  const rule = { family: "inet", table: "", chain: "", expr: [{ [token]: null }] }
  return JSON.stringify({ nftables: [{ add: { rule } }] })
}

function answer(state: ShellState): void {
  const { waiting } = state
  if (waiting === undefined) return
  const at = state.text.indexOf(`'${waiting.token}'`)
  const end = at < 0 ? -1 : state.text.indexOf(FENCE_END, at)
  if (end < 0) return
  const text = state.text.slice(0, state.text.lastIndexOf("\n", at) + 1).trim()
  state.text = state.text.slice(end + FENCE_END.length)
  state.waiting = undefined
  waiting.resolve(text === "" ? { kind: "silent" } : { kind: "refused", text })
}

/** The last line of what nft says about the fence: outer errors follow inner ones. */
const FENCE_END = "Parsing command array at index 0 failed.\n"

function finish(state: ShellState): void {
  state.hasEnded = true
  const { waiting } = state
  if (waiting === undefined) return
  state.waiting = undefined
  const { exitCode, signalCode } = state.child
  const reason = state.failure?.message ?? `nft -i ended (${signalCode ?? exitCode ?? "unknown"})`
  const text = `${reason}\n${state.text.trim()}`
  waiting.resolve({ kind: "lost", text, ...(state.failure === undefined ? {} : { cause: state.failure }) })
}

/** /proc/PID/statm counts pages; the second number is resident. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE
  } catch {
    return 0
  }
}

const PAGE = 4096
