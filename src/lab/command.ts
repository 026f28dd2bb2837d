// Runs the tools a lab needs. Debian keeps them in sbin, which an ordinary user's PATH lacks.

import { spawn, spawnSync } from "node:child_process"

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

class CommandError extends Error {
  override readonly name = "CommandError"
  readonly result: CommandResult

  constructor(argv: readonly string[], result: CommandResult) {
    super(
      `${argv.join(" ")}: ${result.stderr.trim() || result.stdout.trim() || `exit status ${result.status}`}`,
    )
    this.result = result
  }
}

export function toolEnvironment(): NodeJS.ProcessEnv & { readonly PATH: string } {
  return {
    ...process.env,
    PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
  }
}

/** Never rejects for an exit status; rejects where the program cannot be started. */
export function tryCommand(argv: readonly string[], input = ""): Promise<CommandResult> {
  const [program = "", ...rest] = argv
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = spawn(program, rest, { env: toolEnvironment(), stdio: ["pipe", "pipe", "pipe"] })
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk))
  child.on("error", reject)
  // A program that ends without reading its input is judged by its status alone.
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  child.on("close", (status) =>
    resolve({
      status: status ?? 255,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    }),
  )
  return promise
}

/** Standard output; rejects with CommandError for an exit status other than 0. */
export async function command(argv: readonly string[], input = ""): Promise<string> {
  const result = await tryCommand(argv, input)
  if (result.status !== 0) throw new CommandError(argv, result)
  return result.stdout
}

/** For signal handlers, which cannot wait. */
export function commandSync(argv: readonly string[], input = ""): CommandResult {
  const [program = "", ...rest] = argv
  const result = spawnSync(program, rest, { env: toolEnvironment(), input, encoding: "utf8" })
  return {
    status: result.status ?? 255,
    stdout: result.stdout ?? "",
    stderr: result.stderr ?? String(result.error),
  }
}
