// What `postern controller` is told, by flags or by the environment of its pod. Every mistake is found at once.

import { isIP } from "node:net"
import { hostname } from "node:os"
import { readListenAddress } from "../telemetry/health.ts"
import { LOG_LEVELS, type LogLevel } from "../telemetry/log.ts"

export interface ControllerOptions {
  readonly namespace: string
  /** Of this replica, unlike any other's. */
  readonly identity: string
  readonly listen: { readonly host: string; readonly port: number }
  /** Addresses of the host at which agents may find this replica. */
  readonly advertise: readonly string[]
  /** Where /healthz, /readyz and /metrics are served; "" for nowhere. */
  readonly metricsAddress: string
  /** Metrics with a series for each node, too. */
  readonly nodeMetrics?: boolean
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
}

/** As on the command line. */
export interface ControllerFlags {
  readonly namespace: string
  readonly identity?: string
  readonly listen: string
  readonly advertise?: string
  readonly metrics: string
  readonly nodeMetrics?: boolean
  readonly kubeconfig?: string
  readonly logLevel: string
}

export const DEFAULT_FLAGS = {
  namespace: "postern-system",
  listen: ":10650",
  metrics: ":9471",
  logLevel: "info",
} as const satisfies ControllerFlags

export type ReadOptions =
  | { readonly ok: true; readonly options: ControllerOptions }
  | { readonly ok: false; readonly mistakes: readonly string[] }

export function readControllerOptions(flags: ControllerFlags): ReadOptions {
  const mistakes: string[] = []
  const address = (flag: string, text: string) => {
    try {
      return readListenAddress(text)
    } catch (error) {
      mistakes.push(`${flag}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
  const listen = address("--listen", flags.listen)
  if (flags.metrics !== "") address("--metrics", flags.metrics)
  const advertise = (flags.advertise ?? "").split(",").map((each) => each.trim())
  const addresses = advertise.filter((each) => each !== "")
  for (const each of addresses)
    if (isIP(each) === 0) mistakes.push(`--advertise takes addresses of this host, not ${each}`)
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(flags.namespace))
    mistakes.push(`--namespace is the name of a Namespace, not ${flags.namespace}`)
  const logLevel = LOG_LEVELS.find((each) => each === flags.logLevel)
  if (logLevel === undefined)
    mistakes.push(`--log-level is ${LOG_LEVELS.join(" or ")}, not ${flags.logLevel}`)
  if (mistakes.length > 0 || listen === undefined || logLevel === undefined) return { ok: false, mistakes }
  return {
    ok: true,
    options: {
      namespace: flags.namespace,
      identity: flags.identity === undefined || flags.identity === "" ? hostname() : flags.identity,
      listen,
      advertise: addresses,
      metricsAddress: flags.metrics,
      nodeMetrics: flags.nodeMetrics === true,
      kubeconfig: flags.kubeconfig,
      logLevel,
    },
  }
}
