// A program that a test starts, kills and starts again; it ends with the test's own process, however that ends.

import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { basename } from "node:path"
import { setTimeout } from "node:timers/promises"

export interface Daemon {
  /** Host pid, undefined while it does not run. */
  readonly pid: number | undefined
  start(): Promise<void>
  /** SIGTERM, then SIGKILL; resolves when it is gone. */
  stop(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP: it answers nothing, and its connections stay. */
  pause(): void
  resume(): void
}

export interface DaemonOptions {
  readonly argv: readonly [string, ...string[]]
  readonly log: string
  /** Resolves to true when it serves. */
  readonly ready: () => Promise<boolean>
  readonly timeoutMs?: number
}

export function createDaemon({ argv, log, ready, timeoutMs = 120_000 }: DaemonOptions): Daemon {
  const name = basename(argv[0])
  let child: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const gone = new Promise<void>((resolve) => void ending.once("exit", () => resolve()))
    ending.kill("SIGCONT")
    ending.kill(signal)
    const late = new AbortController()
    const grace = setTimeout(20_000, undefined, { signal: late.signal }).then(
      () => ending.kill("SIGKILL"),
      () => undefined,
    )
    await gone
    late.abort()
    await grace
  }
  return {
    get pid() {
      return child?.pid
    },
    start: async () => {
      if (child !== undefined) return
      const started = spawnBound(argv, log)
      child = started
      for (const end = Date.now() + timeoutMs; !(await ready()); await setTimeout(50)) {
        const ended = started.exitCode ?? started.signalCode
        if (ended === null && Date.now() < end) continue
        child = undefined
        started.kill("SIGKILL")
        throw new Error(`${name} ${ended === null ? "is not ready" : `ended (${ended})`}: ${tail(log)}`)
      }
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
  }
}

/** setpriv asks the kernel to kill it when its parent is gone: nothing outlives a test that was killed. */
function spawnBound(argv: readonly string[], log: string): ChildProcess {
  const output = openSync(log, "a")
  try {
    return spawn("setpriv", ["--pdeathsig", "KILL", ...argv], { stdio: ["ignore", output, output] })
  } finally {
    closeSync(output)
  }
}

function tail(log: string): string {
  return readFileSync(log, "utf8").slice(-2000)
}

/** Nobody listens yet on what was handed out a moment ago. */
const handedOut = new Set<number>()

/** Below the ports that the kernel gives to outgoing connections, so that it is free again after a restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 16_000 + Math.floor(Math.random() * 14_000)
    if (handedOut.has(port) || !(await canListen(port))) continue
    handedOut.add(port)
    return port
  }
}

function canListen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once("error", () => resolve(false))
  server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
