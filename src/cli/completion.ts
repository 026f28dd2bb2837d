// postern completion: the script that completes the words of this program in a shell.

import { Argument, Command } from "commander"
import { bashScript } from "./completion/bash.ts"
import { fishScript } from "./completion/fish.ts"
import { type Offered, offersFor } from "./completion/typed.ts"
import { type CommandWords, wordsOf } from "./completion/words.ts"
import { zshScript } from "./completion/zsh.ts"
import { answered } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"

type Shell = "bash" | "zsh" | "fish"

const scripts = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
} as const satisfies Record<Shell, (program: CommandWords) => string>

export function completionCommand(terminal: Terminal): Command {
  return new Command("completion")
    .description("Prints the script that completes commands, options and their values in a shell.")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .addHelpText("after", HELP)
    .action((shell: Shell, _options: unknown, command: Command) =>
      terminal.finish(answered(scripts[shell](wordsOf(programOf(command))))),
    )
}

const HELP = `
As a kubectl plugin it is completed by kubectl itself, where kubectl_complete-postern is on the PATH too.

Examples:
  source <(postern completion bash)
  postern completion zsh > ~/.zfunc/_postern
  postern completion fish > ~/.config/fish/completions/postern.fish`

/** What kubectl asks a plugin (1.26 and newer): the words so far, the unfinished one last. Not in the help. */
export function kubectlCompletionCommand(terminal: Terminal): Command {
  return new Command("__complete")
    .argument("[words...]")
    .allowUnknownOption()
    .passThroughOptions()
    .action((words: readonly string[], _options: unknown, command: Command) =>
      terminal.finish(answered(cobraText(offersFor(wordsOf(programOf(command)), words)))),
    )
}

/** An offer a line, its description behind a tab; the last line is what the shell may do besides (cobra, ShellCompDirective). */
function cobraText({ offers, files }: Offered): string {
  const directives = { none: 4, files: 0, directories: 16 } as const
  const lines = offers.map(({ text, description }) => (description === "" ? text : `${text}\t${description}`))
  return `${[...lines, `:${directives[files]}`].join("\n")}\n`
}

function programOf(command: Command): Command {
  return command.parent ?? command
}
