// docs/command-line.md: every command as its --help has it, and what all of them share.

import type { Command } from "commander"
import { everyCommandLoaded } from "../src/cli/program.ts"

/** Path in the repository -> text. */
export async function commandLinePage(): Promise<ReadonlyMap<string, string>> {
  const program = await everyCommandLoaded()
  const commands = program.commands.filter((each) => helpOf(program).includes(`\n  ${each.name()} `))
  const sections = commands.flatMap((each) => sectionsOf(each, "##"))
  return new Map([["docs/command-line.md", `${[INTRODUCTION, ...sections].join("\n\n")}\n`]])
}

const INTRODUCTION = `# The command line

<!-- Written by npm run generate from the programs' own --help. -->

\`postern COMMAND --help\` says what stands here. Every command that judges policies takes manifests with \`-f\`
([what is read](manifests.md)) or, without \`-f\`, asks the cluster of the kubeconfig, as kubectl does.

| exit status | meaning |
|---|---|
| 0 | answered |
| 1 | bad news: what was expected does not hold (\`test\`, \`explain --expect\`, \`diff --exit-code\`, \`lint --max-warnings\`, \`status\`, \`demo\`), or a part of an order could not be carried out |
| 2 | bad input: a mistake on the command line or in a file; standard output is empty then, and [each mistake has a code](diagnostics.md) |
| 3 | a broken environment: no cluster, no permission, a file that cannot be written |

- Answers go to standard output, everything else to standard error: a pipe gets the answer or nothing.
- Colours are for terminals. \`NO_COLOR\` (any value) turns them off, \`FORCE_COLOR\` on, and \`NO_COLOR\` wins. Progress is shown
  on a terminal only, and is gone when the answer comes. A line that is too long for the terminal is broken between words; a pipe gets it whole.
- \`-o json\` is stable and has a schema in [docs/schemas](schemas).
- \`-f\` takes several paths; \`-f -\` is standard input: \`helm template ./chart | postern lint -f -\`.

## In a shell, and under kubectl

    source <(postern completion bash)                                        # ~/.bashrc
    source <(postern completion zsh)                                         # ~/.zshrc, after compinit
    postern completion fish > ~/.config/fish/completions/postern.fish

Where \`kubectl-postern\` is on the PATH, \`kubectl postern ...\` is the same command; kubectl 1.26 and newer complete it where
\`kubectl_complete-postern\` is there too. From a checkout:

    for name in postern kubectl-postern kubectl_complete-postern; do
      ln -s "$PWD/bin/$name.js" ~/.local/bin/$name
    done`

function sectionsOf(command: Command, level: string): readonly string[] {
  const help = helpOf(command)
  return [
    `${level} ${nameOf(command)}`,
    `\`\`\`text\n${help.trimEnd()}\n\`\`\``,
    ...command.commands.flatMap((each) => sectionsOf(each, `${level}#`)),
  ]
}

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`
}

/** With the texts after the options, which helpInformation leaves out. */
function helpOf(command: Command): string {
  let help = ""
  command.configureOutput({
    writeOut: (text) => {
      help += text
    },
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return help
}
