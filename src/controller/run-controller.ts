// The process of a controller: its signals, and what becomes of errors that nobody expected.

import { createKubernetesClient } from "../kubernetes/client.ts"
import { loadClusterConfig } from "../kubernetes/cluster-config.ts"
import { createLog } from "../telemetry/log.ts"
import { createController } from "./controller.ts"
import type { ControllerOptions } from "./options.ts"

/** Kubelet gives thirty seconds; agents are sent away over a part of them. */
const STOP_MS = 20_000

/** Resolves when the controller has started; the process then lives until a signal. */
export async function runController(options: ControllerOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, name: "controller" }).child({ replica: options.identity })
  const fatal = (error: unknown): void => {
    log.error(
      { err: error },
      "an error that was not expected: this replica ends, agents go on with what they have",
    )
    process.exit(1)
  }
  process.on("uncaughtException", fatal)
  process.on("unhandledRejection", fatal)
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig: options.kubeconfig }))
  const controller = createController({ options, client, log })
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, "the controller ends")
    setTimeout(() => process.exit(0), STOP_MS)
    controller
      .stop()
      .then(() => client.close())
      .then(() => process.exit(0), fatal)
  }
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)
  try {
    await controller.start()
    log.info({ port: controller.port, healthPort: controller.healthPort }, "the controller serves agents")
  } catch (error) {
    if (!isStopping) fatal(error)
  }
}
