// The process of an agent: its signals, and what becomes of errors that nobody expected.

import { createInteractive } from "nftables-json/interactive"
import { ListenError } from "../../telemetry/listen-error.ts"
import { createLog } from "../../telemetry/log.ts"
import { createHost } from "../host.ts"
import { createAgent } from "./agent.ts"
import type { AgentOptions } from "./options.ts"
import { RUNNER } from "./removal.ts"

/** Kubelet kills what takes longer; a transaction in the kernel is whole or not there at all. */
const STOP_MS = 1_500

/** Resolves when the agent has started; the process then lives until a signal. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, name: "agent" }).child({ node: options.node })
  const fatal = (error: unknown): void => {
    log.error({ err: error }, "an error that was not expected: the agent ends, the rules stay")
    process.exit(1)
  }
  process.on("uncaughtException", fatal)
  process.on("unhandledRejection", fatal)
  const agent = createAgent({ options, nft: createInteractive({ name: RUNNER }), host: createHost(), log })
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, "the agent ends, the rules stay")
    setTimeout(() => process.exit(0), STOP_MS)
    agent.stop().then(() => process.exit(0), fatal)
  }
  process.on("SIGTERM", stop)
  process.on("SIGINT", stop)
  try {
    await agent.start()
    if (!isStopping) log.info({ healthPort: agent.healthPort }, "the agent runs")
  } catch (error) {
    if (isStopping) return
    if (!(error instanceof ListenError)) return fatal(error)
    log.error({}, `${error.message}; the agent ends, the rules stay`)
    process.exit(1)
  }
}
