// The webhook as a program of its own, for a bundle without the rest of postern: the words after `postern webhook`.

import { CommanderError } from "commander"
import { lastWords } from "../src/telemetry/fault.ts"
import { webhookCommand } from "./command.ts"

const BAD_INPUT = 2
const BROKEN = 3

const [, , ...words] = process.argv
try {
  const command = webhookCommand().exitOverride()
  await command.parseAsync(words[0] === "webhook" ? words.slice(1) : words, { from: "user" })
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_INPUT
  else {
    process.stderr.write(`postern webhook: ${lastWords(error)}\n`)
    process.exitCode = BROKEN
  }
}
