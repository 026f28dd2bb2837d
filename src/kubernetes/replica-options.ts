// What the replicas of controller and webhook are told alike, by flags or by the environment of their pods.

import { hostname } from "node:os"
import { Option } from "commander"
import { readListenAddress } from "../telemetry/health.ts"
import { LOG_LEVELS, type LogLevel } from "../telemetry/log.ts"

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface ReplicaOptions {
  readonly namespace: string
  /** Of this replica, unlike any other's. */
  readonly identity: string
  /** Where /healthz, /readyz and /metrics are served; "" for nowhere. */
  readonly metricsAddress: string
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
}

/** As on the command line. */
export interface ReplicaFlags {
  readonly namespace: string
  readonly identity?: string
  readonly listen: string
  readonly metrics: string
  readonly kubeconfig?: string
  readonly logLevel: string
}

/** An option whose flag overrides a variable of the environment. */
export function variableOption(flags: string, variable: string, text: string): Option {
  return new Option(flags, text).env(variable)
}

/** In the order of the help, with what a program has of its own between them. */
export function replicaOptions(
  whose: "controller" | "webhook",
  defaults: Pick<ReplicaFlags, "namespace" | "metrics" | "logLevel">,
): Readonly<Record<"who" | "metrics" | "last", readonly Option[]>> {
  const namespace = `namespace of the ${whose}'s own objects`
  return {
    who: [
      variableOption("--namespace <name>", "POD_NAMESPACE", namespace).default(defaults.namespace),
      variableOption("--identity <name>", "POD_NAME", "name of this replica (default: the host's name)"),
    ],
    metrics: [
      variableOption(
        "--metrics <address>",
        "POSTERN_METRICS",
        "where /healthz, /readyz and /metrics are; empty for nowhere",
      ).default(defaults.metrics),
    ],
    last: [
      variableOption(
        "--kubeconfig <file>",
        "KUBECONFIG",
        "how to reach the API server (default: the pod's service account)",
      ),
      variableOption(
        "--log-level <level>",
        "POSTERN_LOG_LEVEL",
        "debug, info, warn, error or silent",
      ).default(defaults.logLevel),
    ],
  }
}

/** Undefined where it is none, which is among the mistakes then. */
export function readAddress(flag: string, text: string, mistakes: string[]): ListenAddress | undefined {
  try {
    return readListenAddress(text)
  } catch (error) {
    mistakes.push(`${flag}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

/** Undefined where something of it is a mistake. The address of the metrics is checked by whoever reads the others. */
export function readReplicaOptions(flags: ReplicaFlags, mistakes: string[]): ReplicaOptions | undefined {
  const { namespace, identity = "", metrics, kubeconfig } = flags
  const isName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)
  if (!isName) mistakes.push(`--namespace is the name of a Namespace, not ${namespace}`)
  const logLevel = LOG_LEVELS.find((each) => each === flags.logLevel)
  if (logLevel === undefined)
    mistakes.push(`--log-level is ${LOG_LEVELS.join(" or ")}, not ${flags.logLevel}`)
  if (!isName || logLevel === undefined) return undefined
  const own = identity === "" ? hostname() : identity
  return { namespace, identity: own, metricsAddress: metrics, kubeconfig, logLevel }
}

export function listed(text = ""): readonly string[] {
  return text
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
}
