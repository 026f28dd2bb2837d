// One run of nft: input in, output out, bounded in time and bytes.

import { type ChildProcess, spawn } from "node:child_process"
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
    const child = start(request.command)
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
    // EPIPE: the process ended without reading everything; its exit status says why.
    child.stdin?.on("error", () => undefined)
    child.on("error", (cause) => {
      clearTimeout(timer)
      reject(notStarted(request.command, cause))
    })
    child.on("close", (exitCode, signal) => {
      clearTimeout(timer)
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8")
      resolve({ exitCode, signal, output: text(output), errors: text(errors), killed: state.killed })
    })
    child.stdin?.end(request.input)
  })
}

/** Starts a command with pipes and an environment of its own: no locale, no home, system directories in PATH. */
export function start(command: readonly string[]): ChildProcess {
  const [file, ...rest] = command
  if (file === undefined) throw new RangeError("the nft command is empty")
  return spawn(file, rest, { stdio: "pipe", env: environment() })
}

export function notStarted(command: readonly string[], cause: Error): NftError {
  const text = `cannot run ${command.join(" ")}: ${cause.message}`
  return new NftError({ code: "unavailable", text, cause })
}

// LC_ALL: strerror texts are translated otherwise. HOME: `nft -i` reads and appends $HOME/.nft.history.
// PATH: nft lives in sbin, which ordinary users do not have in theirs.
function environment(): NodeJS.ProcessEnv {
  const path = process.env["PATH"] ?? ""
  return { PATH: `${path}:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: "C", HOME: "/nonexistent" }
}
