// The process of a replica, controller or webhook: its signals, and what becomes of errors that nobody expected.

import { ListenError } from "../telemetry/listen-error.ts"
import type { Log } from "../telemetry/log.ts"
import { createKubernetesClient, type KubernetesClient } from "./client.ts"
import { loadClusterConfig } from "./cluster-config.ts"

/** Kubelet gives thirty seconds; agents are sent away over a part of them. */
const STOP_MS = 20_000

export interface Replica {
  start(): Promise<void>
  stop(): Promise<void>
  readonly port: number | undefined
  readonly healthPort: number | undefined
}

export interface ReplicaProcess {
  readonly log: Log
  readonly kubeconfig: string | undefined
  /** For the log: what it does from now on, that it ends in good order, that it ends as it must. */
  readonly words: Readonly<Record<"serves" | "ends" | "dies", string>>
  readonly create: (client: KubernetesClient) => Replica
}

/** Resolves when the replica has started; the process then lives until a signal. */
export async function runReplica({ log, kubeconfig, words, create }: ReplicaProcess): Promise<void> {
  const fatal = (error: unknown): void => {
    log.error({ err: error }, words.dies)
    process.exit(1)
  }
  process.on("uncaughtException", fatal)
  process.on("unhandledRejection", fatal)
  const client = createKubernetesClient(await loadClusterConfig({ kubeconfig }))
  const replica = create(client)
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, words.ends)
    setTimeout(() => process.exit(0), STOP_MS)
    replica
      .stop()
      .then(() => client.close())
      .then(() => process.exit(0), fatal)
  }
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)
  try {
    await replica.start()
    if (!isStopping) log.info({ port: replica.port, healthPort: replica.healthPort }, words.serves)
  } catch (error) {
    if (isStopping) return
    if (!(error instanceof ListenError)) return fatal(error)
    log.error({}, error.message)
    process.exit(1)
  }
}
