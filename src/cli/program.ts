// The postern command: its subcommands and what they share.

import { Command } from "commander"
import manifest from "../../package.json" with { type: "json" }
import { demoCommand } from "./demo.ts"
import { explainCommand } from "./explain.ts"
import type { Terminal } from "./terminal.ts"

export function createProgram(terminal: Terminal): Command {
  const program = new Command("postern")
    .description(`${manifest.description}.`)
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(postern --help tells more)")
    .addHelpText("after", EXIT_STATUSES)
  for (const command of [demoCommand(terminal), explainCommand(terminal)]) {
    program.addCommand(command.copyInheritedSettings(program))
  }
  return program
}

const EXIT_STATUSES = `
Exit status: 0 answered, 1 bad news (what was expected does not hold), 2 bad input, 3 broken environment.`
