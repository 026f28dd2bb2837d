// The process of a webhook.

import { runReplica } from "../src/kubernetes/replica-process.ts"
import { createLog } from "../src/telemetry/log.ts"
import type { WebhookOptions } from "./options.ts"
import { createWebhook } from "./webhook.ts"

export function runWebhook(options: WebhookOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, name: "webhook" }).child({ replica: options.identity })
  return runReplica({
    log,
    kubeconfig: options.kubeconfig,
    words: {
      serves: "the webhook answers",
      ends: "the webhook ends",
      dies: "an error that was not expected: this replica ends",
    },
    create: (client) => createWebhook({ options, client, log }),
  })
}
