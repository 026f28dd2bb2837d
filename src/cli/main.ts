// The postern process: arguments in, exit status out.

import { CommanderError } from "commander"
import { screenOf } from "./screen.ts"
import { printOutcome, type Terminal } from "./terminal.ts"

const BAD_INPUT = 2
const BROKEN = 3

// The reader of a pipe may leave (postern explain ... | head): then there is nobody to tell anything.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit()
    throw error
  })
}

const errorPalette = screenOf(process.stderr, process.env).palette

const terminal: Terminal = {
  ...screenOf(process.stdout, process.env),
  finish: (outcome) => {
    process.exitCode = outcome.status
    printOutcome(outcome, { output: process.stdout, errors: process.stderr, errorPalette })
  },
}

try {
  // Loaded here, so that an installation with files missing is told as what it is.
  const { createProgram } = await import("./program.ts")
  const name = process.env["POSTERN_CALLED_AS"] ?? "postern"
  const program = await createProgram(terminal, { name, words: process.argv.slice(2) })
  await program.parseAsync(process.argv)
} catch (error) {
  process.exitCode = statusOf(error)
}

/** Commander has told its errors already; its help and version are no errors. */
function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_INPUT
  const isCoded = error instanceof Error && "code" in error
  const text =
    error instanceof Error ? (isCoded ? error.message : (error.stack ?? error.message)) : String(error)
  process.stderr.write(`${errorPalette.bad("postern:")} ${text}\n`)
  return BROKEN
}
