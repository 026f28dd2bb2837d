// The postern command: its subcommands and what they share.

import { Command } from "commander"
import manifest from "../../package.json" with { type: "json" }
import { fittedHelp } from "./help-text.ts"
import { palette } from "./palette.ts"
import type { Terminal } from "./terminal.ts"

interface LazyCommand {
  readonly name: string
  readonly summary: string
  readonly hidden?: true
  readonly load: () => Promise<(terminal: Terminal) => Command>
}

/** In the order of the help. A command's code is loaded when it is named: a lab is nothing to wait for. */
const COMMANDS: readonly LazyCommand[] = [
  {
    name: "compile",
    summary: "print the nftables ruleset that the policies become",
    load: async () => (await import("./compile.ts")).compileCommand,
  },
  {
    name: "explain",
    summary: "say whether a connection is allowed, and which rule of which policy decides",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  {
    name: "connectivity",
    summary: "say who can reach whom on what: as text, a table or a map",
    load: async () => (await import("./connectivity.ts")).connectivityCommand,
  },
  {
    name: "lint",
    summary: "say what is legal in policies and useless or dangerous",
    load: async () => (await import("./lint.ts")).lintCommand,
  },
  {
    name: "test",
    summary: "say whether the policies do what ConnectivityAssertions expect of them",
    load: async () => (await import("./test.ts")).testCommand,
  },
  {
    name: "diff",
    summary: "say what appears and disappears between two directories, revisions, or with the cluster",
    load: async () => (await import("./diff.ts")).diffCommand,
  },
  {
    name: "report",
    summary: "print all of what a change will do, by the key that its dry-run has printed",
    load: async () => (await import("./report.ts")).reportCommand,
  },
  {
    name: "demo",
    summary: "build clusters of network namespaces, enforce policies in them, try every connection",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  {
    name: "status",
    summary: "say how enforcement goes in a running cluster, and what to do next",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "observe",
    summary: "let pass what policies deny, counted: in a namespace, or on every node at once",
    load: async () => (await import("./enforcement.ts")).observeCommand,
  },
  {
    name: "enforce",
    summary: "drop what policies deny: in a namespace, or in the cluster",
    load: async () => (await import("./enforcement.ts")).enforceCommand,
  },
  {
    name: "controller",
    summary: "compile the policies of a cluster and serve the agents of its nodes",
    load: async () => (await import("../controller/command.ts")).controllerCommand,
  },
  {
    name: "webhook",
    summary: "answer the API server's admission reviews: refuse what is invalid, say what a change will do",
    load: async () => (await import("../../webhook/command.ts")).webhookCommand,
  },
  {
    name: "agent",
    summary: "enforce the policies of one node of a cluster; ask and steer the agent of this node",
    load: async () => (await import("../agent/process/command.ts")).agentCommand,
  },
  {
    name: "completion",
    summary: "print the script that completes these words in bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completionCommand,
  },
  {
    name: "__complete",
    summary: "answer kubectl, which completes the words of its plugins",
    hidden: true,
    load: async () => (await import("./completion.ts")).kubectlCompletionCommand,
  },
]

/** Those that speak of all the others, so that all of them are loaded. */
const OF_ALL = ["completion", "__complete"]

export interface Called {
  /** "postern", or "kubectl postern". */
  readonly name: string
  readonly words: readonly string[]
}

export async function createProgram(terminal: Terminal, { name: program, words }: Called): Promise<Command> {
  const wanted = OF_ALL.includes(words[0] ?? "") ? COMMANDS.map(({ name }) => name) : words
  const root = rootCommand(program)
  for (const { name, summary, hidden, load } of COMMANDS) {
    const command = wanted.includes(name) ? (await load())(terminal) : new Command(name)
    root.addCommand(command.summary(summary).copyInheritedSettings(root), { hidden: hidden === true })
  }
  return root
}

/** For what is written or checked about all of them. */
export function everyCommandLoaded(): Promise<Command> {
  const nowhere: Terminal = { palette: palette(false), columns: 100, finish: () => undefined }
  return createProgram(nowhere, { name: "postern", words: OF_ALL })
}

function rootCommand(name: string): Command {
  return new Command(name)
    .description(`${manifest.description}.`)
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(--help tells more)")
    .addHelpText("after", EXIT_STATUSES)
    .configureOutput({
      writeOut: (text) => process.stdout.write(fittedHelp(calledAs(name, text), helpColumns())),
    })
    .enablePositionalOptions()
    .exitOverride()
}

/** As many as commander counts for the options. */
function helpColumns(): number {
  return process.stdout.isTTY ? process.stdout.columns || COLUMNS_OF_A_PIPE : COLUMNS_OF_A_PIPE
}

const COLUMNS_OF_A_PIPE = 80

/** Examples are told as they are typed: kubectl postern, where kubectl calls it. */
function calledAs(name: string, help: string): string {
  return name === "postern" ? help : help.replace(/(^ {2}|\| |<\()postern (?=[a-z-])/gm, `$1${name} `)
}

const EXIT_STATUSES = `
Exit status: 0 answered, 1 bad news (what was expected does not hold),
2 bad input, 3 broken environment.`
