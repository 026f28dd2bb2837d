// The controller as a program of its own, for a bundle without the rest of postern: the words after `postern controller`.

import { CommanderError } from "commander"
import { lastWords } from "../telemetry/fault.ts"
import { controllerCommand } from "./command.ts"

const BAD_INPUT = 2
const BROKEN = 3

const [, , ...words] = process.argv
try {
  const command = controllerCommand().exitOverride()
  await command.parseAsync(words[0] === "controller" ? words.slice(1) : words, { from: "user" })
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_INPUT
  else {
    process.stderr.write(`postern controller: ${lastWords(error)}\n`)
    process.exitCode = BROKEN
  }
}
