// The agent as a program of its own, for a bundle without the rest of postern: the words after `postern agent`.

import { CommanderError } from "commander"
import { lastWords } from "../../telemetry/fault.ts"
import { agentCommand } from "./command.ts"

const BAD_INPUT = 2
const BROKEN = 3

const [, , ...words] = process.argv
try {
  const command = agentCommand().exitOverride()
  await command.parseAsync(words[0] === "agent" ? words.slice(1) : words, { from: "user" })
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : BAD_INPUT
  else {
    process.stderr.write(`postern agent: ${lastWords(error)}\n`)
    process.exitCode = BROKEN
  }
}
