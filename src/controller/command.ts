// postern controller.

import { Command, Option } from "commander"
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
  const option = (flags: string, variable: string, text: string): Option =>
    new Option(flags, text).env(variable)
  return [
    option("--namespace <name>", "POD_NAMESPACE", "namespace of the controller's own objects").default(
      DEFAULT_FLAGS.namespace,
    ),
    option("--identity <name>", "POD_NAME", "name of this replica (default: the host's name)"),
    option("--listen <address>", "POSTERN_LISTEN", "where agents connect").default(DEFAULT_FLAGS.listen),
    option(
      "--advertise <addresses>",
      "HOST_IPS",
      "addresses of this host, with commas between, that agents are told",
    ),
    option(
      "--metrics <address>",
      "POSTERN_METRICS",
      "where /healthz, /readyz and /metrics are; empty for nowhere",
    ).default(DEFAULT_FLAGS.metrics),
    option(
      "--node-metrics",
      "POSTERN_NODE_METRICS",
      "metrics with a series for each node, too: thousands in a large cluster",
    ),
    option(
      "--kubeconfig <file>",
      "KUBECONFIG",
      "how to reach the API server (default: the pod's service account)",
    ),
    option("--log-level <level>", "POSTERN_LOG_LEVEL", "debug, info, warn, error or silent").default(
      DEFAULT_FLAGS.logLevel,
    ),
  ]
}

async function run(flags: ControllerFlags): Promise<void> {
  const read = readControllerOptions(flags)
  if (read.ok) return runController(read.options)
  for (const mistake of read.mistakes) process.stderr.write(`postern controller: ${mistake}\n`)
  process.exitCode = BAD_INPUT
}
