// One run of nft: input in, output out, bounded in time and bytes.

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NftError } from "./errors.ts"

export interface ProcessRequest {
  readonly command: readonly string[]
  readonly input: string
  readonly timeoutMs: number
  readonly maxBytes: number
}

export interface ProcessResult {
  /** Null when a signal ended the process. */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
  /** Why the process was killed by this module, if it was. */
  readonly killed: "timeout" | "too-much-output" | undefined
}

/**
 * Runs the command to its end. Rejects only when it could not be started. A killed process is waited for
 * until everything that holds its pipes is gone (`close`, not `exit`): a commit that it had begun in the
 * kernel is finished by then, whoever wraps nft (`ip netns exec`, `sudo`).
 */
export function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = startWithInput(request)
    const output: Buffer[] = []
    const errors: Buffer[] = []
    const state: { bytes: number; killed: ProcessResult["killed"] } = { bytes: 0, killed: undefined }
    const kill = (reason: "timeout" | "too-much-output") => {
      state.killed ??= reason
      child.kill("SIGKILL")
    }
    const timer = setTimeout(kill, request.timeoutMs, "timeout")
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      state.bytes += chunk.length
      if (state.bytes > request.maxBytes) kill("too-much-output")
      else into.push(chunk)
    }
    child.stdout?.on("data", collect(output))
    child.stderr?.on("data", collect(errors))
    child.on("error", (cause) => {
      clearTimeout(timer)
      reject(notStarted(request.command, cause))
    })
    child.on("close", (exitCode, signal) => {
      clearTimeout(timer)
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8")
      resolve({ exitCode, signal, output: text(output), errors: text(errors), killed: state.killed })
    })
  })
}

/** Starts a command with pipes and an environment of its own: no locale, no home, system directories in PATH. */
export function start(command: readonly string[], stdio: StdioOptions = "pipe"): ChildProcess {
  const [file, ...rest] = command
  if (file === undefined) throw new RangeError("the nft command is empty")
  return spawn(file, rest, { stdio, env: environment() })
}

function startWithInput({ command, input }: ProcessRequest): ChildProcess {
  const file = inputFile(input)
  try {
    return start(command, [file, "pipe", "pipe"])
  } finally {
    closeSync(file)
  }
}

/**
 * `nft -f -` opens /dev/stdin anew, which fails with ENXIO for the sockets that Node makes of pipes. So the
 * input is a file that is gone from its directory before nft starts.
 */
function inputFile(input: string): number {
  const causes: unknown[] = []
  for (const directory of [SHARED_MEMORY, tmpdir()]) {
    const path = join(directory, `nftables-json-${randomUUID()}`)
    try {
      writeFileSync(path, input, { flag: "wx", mode: 0o600 })
      return openSync(path, "r")
    } catch (cause) {
      causes.push(cause)
    } finally {
      rmSync(path, { force: true })
    }
  }
  throw new NftError({ code: "unavailable", text: "no place for a transaction's text", cause: causes })
}

/** In memory, and there in containers whose root is read-only. */
const SHARED_MEMORY = "/dev/shm"

function notStarted(command: readonly string[], cause: Error): NftError {
  const text = `cannot run ${command.join(" ")}: ${cause.message}`
  return new NftError({ code: "unavailable", text, cause })
}

// LC_ALL: strerror texts are translated otherwise. HOME: `nft -i` reads and appends $HOME/.nft.history.
// PATH: nft lives in sbin, which ordinary users do not have in theirs.
function environment(): NodeJS.ProcessEnv {
  const path = process.env["PATH"] ?? ""
  return { PATH: `${path}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: "C", HOME: "/nonexistent" }
}
