// What `postern webhook` is told, by flags or by the environment of its pod. Every mistake is found at once.

import { isIP } from "node:net"
import { hostname } from "node:os"
import { subdomainMistake } from "../src/kinds/label-syntax.ts"
import { readListenAddress } from "../src/telemetry/health.ts"
import { LOG_LEVELS, type LogLevel } from "../src/telemetry/log.ts"

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface WebhookOptions {
  readonly namespace: string
  /** Of this replica, unlike any other's. */
  readonly identity: string
  /** Where kube-apiserver sends admission reviews. */
  readonly listen: ListenAddress
  /** More names and addresses for the certificate: where kube-apiserver calls a URL, and not the Service. */
  readonly names: readonly string[]
  /** Where kube-apiserver passes on requests to the explain API; undefined for nowhere. */
  readonly listenApi: ListenAddress | undefined
  /** Where /healthz, /readyz and /metrics are served; "" for nowhere. */
  readonly metricsAddress: string
  /** Milliseconds from the arrival of a review until it is answered without its analysis. */
  readonly budgetMs: number
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
}

/** As on the command line. */
export interface WebhookFlags {
  readonly namespace: string
  readonly identity?: string
  readonly listen: string
  readonly names?: string
  readonly listenApi: string
  readonly metrics: string
  readonly budget: string
  readonly kubeconfig?: string
  readonly logLevel: string
}

export const DEFAULT_FLAGS = {
  namespace: "postern-system",
  listen: ":10652",
  listenApi: ":10653",
  metrics: ":9473",
  budget: "2",
  logLevel: "info",
} as const satisfies WebhookFlags

/** kube-apiserver waits for a webhook for 30 s at most. */
const MOST_BUDGET_S = 30
const LEAST_BUDGET_S = 0.1

export type ReadOptions =
  | { readonly ok: true; readonly options: WebhookOptions }
  | { readonly ok: false; readonly mistakes: readonly string[] }

export function readWebhookOptions(flags: WebhookFlags): ReadOptions {
  const mistakes: string[] = []
  const address = (flag: string, text: string): ListenAddress | undefined => {
    try {
      return readListenAddress(text)
    } catch (error) {
      mistakes.push(`${flag}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
  const listen = address("--listen", flags.listen)
  const listenApi = flags.listenApi === "" ? undefined : address("--listen-api", flags.listenApi)
  if (flags.metrics !== "") address("--metrics", flags.metrics)
  const names = (flags.names ?? "").split(",").map((each) => each.trim())
  for (const each of names)
    if (each !== "" && isIP(each) === 0 && subdomainMistake(each) !== undefined)
      mistakes.push(`--names takes DNS names and addresses, not ${each}`)
  const budget = flags.budget.trim() === "" ? Number.NaN : Number(flags.budget)
  if (!(budget >= LEAST_BUDGET_S && budget <= MOST_BUDGET_S))
    mistakes.push(`--budget takes seconds, ${LEAST_BUDGET_S} to ${MOST_BUDGET_S}, not ${flags.budget}`)
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
      names: names.filter((each) => each !== ""),
      listenApi,
      metricsAddress: flags.metrics,
      budgetMs: Math.round(budget * 1_000),
      kubeconfig: flags.kubeconfig,
      logLevel,
    },
  }
}
