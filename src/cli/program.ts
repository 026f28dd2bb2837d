// The postern command: its subcommands and what they share.

import { Command } from "commander"
import manifest from "../../package.json" with { type: "json" }
import type { Terminal } from "./terminal.ts"

interface LazyCommand {
  readonly name: string
  readonly summary: string
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
    name: "test",
    summary: "say whether the policies do what ConnectivityAssertions expect of them",
    load: async () => (await import("./test.ts")).testCommand,
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
    name: "agent",
    summary: "enforce the policies of one node of a cluster; ask and steer the agent of this node",
    load: async () => (await import("../agent/process/command.ts")).agentCommand,
  },
]

export async function createProgram(terminal: Terminal, words: readonly string[]): Promise<Command> {
  const program = new Command("postern")
    .description(`${manifest.description}.`)
    .version(manifest.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .showSuggestionAfterError(true)
    .showHelpAfterError("(--help tells more)")
    .addHelpText("after", EXIT_STATUSES)
    .exitOverride()
  for (const { name, summary, load } of COMMANDS) {
    const command = words.includes(name) ? (await load())(terminal) : new Command(name)
    program.addCommand(command.summary(summary).copyInheritedSettings(program))
  }
  return program
}

const EXIT_STATUSES = `
Exit status: 0 answered, 1 bad news (what was expected does not hold), 2 bad input, 3 broken environment.`
