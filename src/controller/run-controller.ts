// The process of a controller.

import { runReplica } from "../kubernetes/replica-process.ts"
import { createLog } from "../telemetry/log.ts"
import { createController } from "./controller.ts"
import type { ControllerOptions } from "./options.ts"

export function runController(options: ControllerOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, name: "controller" }).child({ replica: options.identity })
  return runReplica({
    log,
    kubeconfig: options.kubeconfig,
    words: {
      serves: "the controller serves agents",
      ends: "the controller ends",
      dies: "an error that was not expected: this replica ends, agents go on with what they have",
    },
    create: (client) => createController({ options, client, log }),
  })
}
