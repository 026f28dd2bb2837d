// What `postern controller` is told, by flags or by the environment of its pod. Every mistake is found at once.

import { isIP } from "node:net"
import {
  type ListenAddress,
  listed,
  type ReplicaFlags,
  type ReplicaOptions,
  readAddress,
  readReplicaOptions,
} from "../kubernetes/replica-options.ts"

export interface ControllerOptions extends ReplicaOptions {
  readonly listen: ListenAddress
  /** Addresses of the host at which agents may find this replica. */
  readonly advertise: readonly string[]
  /** Metrics with a series for each node, too. */
  readonly nodeMetrics?: boolean
}

/** As on the command line. */
export interface ControllerFlags extends ReplicaFlags {
  readonly advertise?: string
  readonly nodeMetrics?: boolean
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
  const listen = readAddress("--listen", flags.listen, mistakes)
  if (flags.metrics !== "") readAddress("--metrics", flags.metrics, mistakes)
  const advertise = listed(flags.advertise)
  for (const each of advertise)
    if (isIP(each) === 0) mistakes.push(`--advertise takes addresses of this host, not ${each}`)
  const replica = readReplicaOptions(flags, mistakes)
  if (mistakes.length > 0 || listen === undefined || replica === undefined) return { ok: false, mistakes }
  return { ok: true, options: { ...replica, listen, advertise, nodeMetrics: flags.nodeMetrics === true } }
}
