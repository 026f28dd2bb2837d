// The programs of the node that the agent runs: conntrack, ip, bridge, nft monitor, cat.
//
// Nothing goes through a shell. `prefix` enters the network namespace of the node where the agent does
// not live in it (["ip", "netns", "exec", NAME] or ["nsenter", "--net=PATH", "--"]); files of /proc/sys are
// read by `cat` for the same reason: they show the namespace of the process that reads.

import { type ChildProcess, spawn } from "node:child_process"

export interface Host {
  /** Runs a program to its end; the status is the caller's to judge. Rejects with HostError if it cannot start or hangs. */
  run(command: string, args: readonly string[], input?: string): Promise<Outcome>
  /** Starts a program that goes on; `line` gets every line of its standard output. */
  watch(command: string, args: readonly string[], watcher: Watcher): Watch
}

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Watcher {
  readonly line: (line: string) => void
  readonly end: (reason: string) => void
}

export interface Watch {
  readonly pid: number | undefined
  stop(): Promise<void>
}

export class HostError extends Error {
  override readonly name = "HostError"
  readonly code: "not-started" | "timeout"
  constructor(code: "not-started" | "timeout", message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

export interface HostOptions {
  readonly prefix?: readonly string[]
  readonly timeoutMs?: number
}

export function createHost(options: HostOptions = {}): Host {
  const prefix = options.prefix ?? []
  const timeoutMs = options.timeoutMs ?? 30_000
  const start = (command: string, args: readonly string[], stdin: "pipe" | "ignore"): ChildProcess => {
    const [program = command, ...rest] = [...prefix, command, ...args]
    // LC_ALL=C: messages are matched in English; nft's history file must have nowhere to go.
    const env = { ...process.env, LC_ALL: "C", HOME: "/nonexistent" }
    return spawn(program, rest, { stdio: [stdin, "pipe", "pipe"], env })
  }
  return {
    run: (command, args, input) =>
      toEnd(start(command, args, input === undefined ? "ignore" : "pipe"), { command, timeoutMs, input }),
    watch: (command, args, watcher) => follow(start(command, args, "ignore"), watcher),
  }
}

interface RunDetails {
  readonly command: string
  readonly timeoutMs: number
  readonly input: string | undefined
}

function toEnd(child: ChildProcess, details: RunDetails): Promise<Outcome> {
  const { command, timeoutMs, input } = details
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      reject(new HostError("timeout", `${command} did not end within ${timeoutMs} ms`))
    }, timeoutMs)
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk))
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk))
    child.on("error", (cause) => {
      clearTimeout(timer)
      reject(new HostError("not-started", `${command} could not be run: ${cause.message}`, cause))
    })
    child.on("close", (status, signal) => {
      clearTimeout(timer)
      const texts = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
      resolve({ status: status ?? (signal === null ? 1 : 128), ...texts })
    })
    // A program that ends before it has read everything breaks the pipe; its status says why.
    child.stdin?.on("error", () => undefined)
    child.stdin?.end(input)
  })
}

function follow(child: ChildProcess, watcher: Watcher): Watch {
  let rest = ""
  let ended = false
  const { promise: gone, resolve } = Promise.withResolvers<void>()
  const end = (reason: string): void => {
    if (ended) return
    ended = true
    resolve()
    watcher.end(reason)
  }
  child.stdout?.setEncoding("utf8")
  child.stdout?.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) watcher.line(line)
  })
  child.stderr?.resume()
  child.on("error", (error) => end(error.message))
  child.on("close", (status, signal) => end(signal === null ? `status ${status}` : `signal ${signal}`))
  return {
    pid: child.pid,
    stop: async () => {
      child.kill("SIGKILL")
      await gone
    },
  }
}
