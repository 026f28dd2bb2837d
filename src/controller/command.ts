// postern controller.

import { Command, type Option } from "commander"
import { replicaOptions, variableOption } from "../kubernetes/replica-options.ts"
import { type ControllerFlags, DEFAULT_FLAGS, readControllerOptions } from "./options.ts"
import { runController } from "./run-controller.ts"

const BAD_INPUT = 2

export function controllerCommand(): Command {
  const command = new Command("controller")
    .description(
      "Compiles the policies of a cluster and serves the agents of its nodes, until it is told to stop.",
    )
    .addHelpText("after", HELP)
  for (const option of runOptions()) command.addOption(option)
  return command.action((flags: ControllerFlags) => run(flags))
}

const HELP = `
Every option has a variable of the environment, which its flag overrides. Settings of the cluster are in
ConfigMap postern of its namespace, and are followed while it runs.

Examples:
  postern controller --namespace postern-system
  postern controller --kubeconfig ~/.kube/config --log-level debug`

function runOptions(): readonly Option[] {
  const { who, metrics, last } = replicaOptions("controller", DEFAULT_FLAGS)
  return [
    ...who,
    variableOption("--listen <address>", "POSTERN_LISTEN", "where agents connect").default(
      DEFAULT_FLAGS.listen,
    ),
    variableOption(
      "--advertise <addresses>",
      "HOST_IPS",
      "addresses of this host, with commas between, that agents are told",
    ),
    ...metrics,
    variableOption(
      "--node-metrics",
      "POSTERN_NODE_METRICS",
      "metrics with a series for each node, too: thousands in a large cluster",
    ),
    ...last,
  ]
}

async function run(flags: ControllerFlags): Promise<void> {
  const read = readControllerOptions(flags)
  if (read.ok) return runController(read.options)
  for (const mistake of read.mistakes) process.stderr.write(`postern controller: ${mistake}\n`)
  process.exitCode = BAD_INPUT
}
