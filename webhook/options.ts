// What `postern webhook` is told, by flags or by the environment of its pod. Every mistake is found at once.

import { isIP } from "node:net"
import { subdomainMistake } from "../src/kinds/label-syntax.ts"
import {
  type ListenAddress,
  listed,
  type ReplicaFlags,
  type ReplicaOptions,
  readAddress,
  readReplicaOptions,
} from "../src/kubernetes/replica-options.ts"

export interface WebhookOptions extends ReplicaOptions {
  /** Where kube-apiserver sends admission reviews. */
  readonly listen: ListenAddress
  /** More names and addresses for the certificate: where kube-apiserver calls a URL, and not the Service. */
  readonly names: readonly string[]
  /** Where kube-apiserver passes on requests to the explain API; undefined for nowhere. */
  readonly listenApi: ListenAddress | undefined
  /** Milliseconds from the arrival of a review until it is answered without its analysis. */
  readonly budgetMs: number
}

/** As on the command line. */
export interface WebhookFlags extends ReplicaFlags {
  readonly names?: string
  readonly listenApi: string
  readonly budget: string
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
  const listen = readAddress("--listen", flags.listen, mistakes)
  const listenApi =
    flags.listenApi === "" ? undefined : readAddress("--listen-api", flags.listenApi, mistakes)
  if (flags.metrics !== "") readAddress("--metrics", flags.metrics, mistakes)
  const names = listed(flags.names)
  for (const each of names)
    if (isIP(each) === 0 && subdomainMistake(each) !== undefined)
      mistakes.push(`--names takes DNS names and addresses, not ${each}`)
  const budget = flags.budget.trim() === "" ? Number.NaN : Number(flags.budget)
  if (!(budget >= LEAST_BUDGET_S && budget <= MOST_BUDGET_S))
    mistakes.push(`--budget takes seconds, ${LEAST_BUDGET_S} to ${MOST_BUDGET_S}, not ${flags.budget}`)
  const replica = readReplicaOptions(flags, mistakes)
  if (mistakes.length > 0 || listen === undefined || replica === undefined) return { ok: false, mistakes }
  return { ok: true, options: { ...replica, listen, names, listenApi, budgetMs: Math.round(budget * 1_000) } }
}
