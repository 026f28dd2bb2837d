// postern webhook.

import { Command, type Option } from "commander"
import { replicaOptions, variableOption } from "../src/kubernetes/replica-options.ts"
import { DEFAULT_FLAGS, readWebhookOptions, type WebhookFlags } from "./options.ts"
import { runWebhook } from "./run-webhook.ts"

const BAD_INPUT = 2

export function webhookCommand(): Command {
  const command = new Command("webhook")
    .description(
      "Answers the API server's admission reviews: refuses policies that are invalid, and says in warnings what a " +
        "change will do. Serves the explain API. Runs until it is told to stop.",
    )
    .addHelpText("after", HELP)
  for (const option of runOptions()) command.addOption(option)
  return command.action((flags: WebhookFlags) => run(flags))
}

const HELP = `
Every option has a variable of the environment, which its flag overrides. It keeps its certificate in Secret
postern-webhook-tls of its namespace, and writes the authority into ValidatingWebhookConfiguration postern.

Examples:
  In the cluster (the chart does this):
    postern webhook --namespace postern-system
  Beside a cluster, for a try:
    postern webhook --kubeconfig ~/.kube/config --listen 192.0.2.1:10652 --names 192.0.2.1 --listen-api ""
    with url: https://192.0.2.1:10652/validate in the clientConfig of ValidatingWebhookConfiguration postern`

function runOptions(): readonly Option[] {
  const { who, metrics, last } = replicaOptions("webhook", DEFAULT_FLAGS)
  return [
    ...who,
    variableOption(
      "--listen <address>",
      "POSTERN_LISTEN",
      "where the API server sends admission reviews",
    ).default(DEFAULT_FLAGS.listen),
    variableOption(
      "--names <names>",
      "POSTERN_NAMES",
      "more names and addresses of this server for its certificate, with commas between",
    ),
    variableOption(
      "--listen-api <address>",
      "POSTERN_LISTEN_API",
      "where the API server passes on requests to the explain API; empty for nowhere",
    ).default(DEFAULT_FLAGS.listenApi),
    ...metrics,
    variableOption(
      "--budget <seconds>",
      "POSTERN_BUDGET",
      "how long after its arrival a review may wait for its analysis; then it is answered without",
    ).default(DEFAULT_FLAGS.budget),
    ...last,
  ]
}

async function run(flags: WebhookFlags): Promise<void> {
  const read = readWebhookOptions(flags)
  if (read.ok) return runWebhook(read.options)
  for (const mistake of read.mistakes) process.stderr.write(`postern webhook: ${mistake}\n`)
  process.exitCode = BAD_INPUT
}
