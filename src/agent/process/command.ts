// postern agent, and the words that speak to the one that runs on this node.

import { Command, Option } from "commander"
import { createOneShot } from "nftables-json/one-shot"
import { AdminClientError, askStatus, order } from "./admin-client.ts"
import type { AdminOrder } from "./admin-messages.ts"
import { type AgentFlags, DEFAULT_FLAGS, DEFAULT_SOCKET, DEFAULT_STATE, readAgentOptions } from "./options.ts"
import { removeRunner, removeState, removeTables } from "./removal.ts"
import { runAgent } from "./run-agent.ts"
import { statusText } from "./status-text.ts"

const BAD_NEWS = 1
const BAD_INPUT = 2
const BROKEN = 3

export function agentCommand(): Command {
  const command = new Command("agent")
    .description(
      "Enforces the policies of one node: runs until it is told to stop, and leaves the rules in place.",
    )
    // `postern agent status --socket PATH` is the status command's option.
    .enablePositionalOptions()
    .addHelpText("after", HELP)
  for (const option of runOptions()) command.addOption(option)
  command
    .action((flags: AgentFlags) => run(flags))
    .addCommand(statusCommand())
    .addCommand(
      orderCommand("observe", "let everything pass on this node, counted and logged; stays so until enforce"),
    )
    .addCommand(orderCommand("enforce", "drop again what the policies do not allow"))
    .addCommand(removeCommand())
  // A mistake on the command line ends with 2, in a program that is the agent's alone too.
  for (const each of command.commands) each.exitOverride().helpOption("-h, --help", "print help")
  return command
}

const HELP = `
Every option has a variable of the environment, which its flag overrides.
What the agent of this node does is asked and changed on a local socket, with the controller down too.

Examples:
  postern agent --node worker-1 --controller 192.0.2.1:10650 --ca ca.crt --token token
  postern agent status
  postern agent observe`

function runOptions(): readonly Option[] {
  const option = (flags: string, variable: string, text: string): Option =>
    new Option(flags, text).env(variable)
  const d = DEFAULT_FLAGS
  return [
    option("--node <name>", "NODE_NAME", "name of this node in the cluster"),
    option(
      "--controller <addresses>",
      "POSTERN_CONTROLLERS",
      "ADDRESS:PORT of controllers, with commas between (default: the Service postern-controller of the environment)",
    ),
    option("--ca <file>", "POSTERN_CA", "certificates that the controller's is checked with").default(d.ca),
    option("--token <file>", "POSTERN_TOKEN", "token that proves which node this is").default(d.token),
    option("--server-name <name>", "POSTERN_SERVER_NAME", "name in the controller's certificate").default(
      d.serverName,
    ),
    option("--state <directory>", "POSTERN_STATE", "where the last program is kept").default(d.state),
    option("--cni-results <directories>", "POSTERN_CNI_RESULTS", "where CNI keeps its results").default(
      d.cniResults,
    ),
    option(
      "--metrics <address>",
      "POSTERN_METRICS",
      "where /healthz, /readyz and /metrics are; empty for nowhere",
    ).default(d.metrics),
    option("--socket <path>", "POSTERN_SOCKET", "local socket").default(d.socket),
    option(
      "--unknown-pods <what>",
      "POSTERN_UNKNOWN_PODS",
      "deny or allow pods that the program does not know",
    ).default(d.unknownPods),
    option(
      "--bridge-filter <what>",
      "POSTERN_BRIDGE_FILTER",
      "check or set the bridges' filter switches",
    ).default(d.bridgeFilter),
    option("--mask <bits>", "POSTERN_MASK", "bits of the connection mark that are the agent's").default(
      d.mask,
    ),
    option("--log-level <level>", "POSTERN_LOG_LEVEL", "debug, info, warn, error or silent").default(
      d.logLevel,
    ),
  ]
}

async function run(flags: AgentFlags): Promise<void> {
  const read = readAgentOptions(flags, process.env)
  if (read.ok) return runAgent(read.options)
  for (const mistake of read.mistakes) process.stderr.write(`postern agent: ${mistake}\n`)
  process.exitCode = BAD_INPUT
}

interface SocketFlags {
  readonly socket: string
}

function socketOption(): Option {
  return new Option("--socket <path>", "socket of the agent").env("POSTERN_SOCKET").default(DEFAULT_SOCKET)
}

function statusCommand(): Command {
  return new Command("status")
    .summary("say what the agent of this node does")
    .description("Says what the agent of this node does; exits with 1 where the node is not ready.")
    .addHelpText("after", "\nExamples:\n  postern agent status\n  postern agent status -o json")
    .addOption(socketOption())
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .action(({ socket, output }: SocketFlags & { readonly output: string }) =>
      told(async () => {
        const status = await askStatus(socket)
        process.stdout.write(
          output === "json" ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status),
        )
        if (status.notReady !== "") process.exitCode = BAD_NEWS
      }),
    )
}

function orderCommand(wanted: Exclude<AdminOrder, "remove">, text: string): Command {
  return new Command(wanted)
    .summary(text)
    .description(`Tells the agent of this node to ${text}.`)
    .addHelpText("after", `\nExamples:\n  postern agent ${wanted}`)
    .addOption(socketOption())
    .action(({ socket }: SocketFlags) =>
      told(async () => {
        const { node, enforcer } = await order(socket, wanted)
        const does = enforcer.observing
          ? "observes: nothing is dropped"
          : "is not switched: it drops what cluster and namespaces enforce"
        process.stdout.write(`node ${node} ${does}\n`)
      }),
    )
}

function removeCommand(): Command {
  return new Command("remove")
    .summary("take enforcement off this node: its tables and the agent's state")
    .description(
      "Takes enforcement off this node: removes the tables and the agent's state. An agent that runs does it, and " +
        "stays without effect until it is started anew.",
    )
    .addHelpText("after", "\nExamples:\n  postern agent remove")
    .addOption(socketOption())
    .option("--state <directory>", "where the last program is kept", DEFAULT_STATE)
    .action(({ socket, state }: SocketFlags & { readonly state: string }) =>
      told(() => remove(socket, state)),
    )
}

async function remove(socket: string, state: string): Promise<void> {
  try {
    const { node } = await order(socket, "remove")
    process.stdout.write(`node ${node}: its agent has removed the tables and its state\n`)
  } catch (error) {
    if (!(error instanceof AdminClientError) || error.code !== "absent") throw error
    const nft = createOneShot()
    const removed = [
      ...(await removeTables(nft)),
      ...(await removeRunner(nft)),
      ...(await removeState(state)),
    ]
    for (const each of removed) process.stdout.write(`removed ${each}\n`)
    if (removed.length === 0) process.stdout.write("there was nothing to remove\n")
  }
}

async function told(task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`postern agent: ${error.message}\n`)
    process.exitCode = BROKEN
  }
}
