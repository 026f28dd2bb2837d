// The process of a webhook: its signals, and what becomes of errors that nobody expected.

import { createKubernetesClient } from "../src/kubernetes/client.ts"
import { loadClusterConfig } from "../src/kubernetes/cluster-config.ts"
import { createLog } from "../src/telemetry/log.ts"
import type { WebhookOptions } from "./options.ts"
import { createWebhook } from "./webhook.ts"

/** Kubelet gives thirty seconds. */
const STOP_MS = 20_000

/** Resolves when the webhook has started; the process then lives until a signal. */
export async function runWebhook(options: WebhookOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, name: "webhook" }).child({ replica: options.identity })
  const fatal = (error: unknown): void => {
    log.error({ err: error }, "an error that was not expected: this replica ends")
    process.exit(1)
  }
  process.on("uncaughtException", fatal)
  process.on("unhandledRejection", fatal)
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig: options.kubeconfig }))
  const webhook = createWebhook({ options, client, log })
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, "the webhook ends")
    setTimeout(() => process.exit(0), STOP_MS)
    webhook
      .stop()
      .then(() => client.close())
      .then(() => process.exit(0), fatal)
  }
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)
  try {
    await webhook.start()
    log.info({ port: webhook.port, healthPort: webhook.healthPort }, "the webhook answers")
  } catch (error) {
    if (!isStopping) fatal(error)
  }
}
