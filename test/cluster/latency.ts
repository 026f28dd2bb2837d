// From kubectl to enforced: what a client sees that connects every 20 ms while a policy comes and goes.

import { setTimeout } from "node:timers/promises"
import type { Talker } from "../kernel/traffic.ts"
import type { KubernetesObject } from "./objects.ts"
import type { Pods } from "./pods.ts"
import type { Rig } from "./rig/rig.ts"

export interface Latencies {
  /** Milliseconds from the start of kubectl to the first connection that is denied, sorted. */
  readonly denied: readonly number[]
  /** The same, from the end of kubectl. */
  readonly deniedAfterKubectl: readonly number[]
}

export interface Race {
  readonly rig: Rig
  readonly pods: Pods
  readonly client: string
  /** ADDRESS/PORT, denied while the policy is there. */
  readonly target: string
  readonly policy: KubernetesObject
  readonly rounds: number
}

export async function measureLatency({
  rig,
  pods,
  client,
  target,
  policy,
  rounds,
}: Race): Promise<Latencies> {
  const prober = await pods.probe(client, { protocol: "tcp", everyMs: 20, timeoutMs: 250, targets: [target] })
  const { name, namespace = "" } = policy.metadata
  const [denied, deniedAfterKubectl]: [number[], number[]] = [[], []]
  try {
    for (let round = 0; round < rounds; round++) {
      await firstTry(prober, "open", performance.now())
      const began = performance.now()
      await rig.kubectl(["apply", "-f", "-"], JSON.stringify(policy))
      const applied = performance.now()
      const shut = await firstTry(prober, "shut", began)
      denied.push(shut - began)
      deniedAfterKubectl.push(Math.max(0, shut - applied))
      await rig.kubectl(["delete", "networkpolicy", "-n", namespace, name])
    }
  } finally {
    await prober.stop()
  }
  const ascending = (a: number, b: number): number => a - b
  return { denied: denied.toSorted(ascending), deniedAfterKubectl: deniedAfterKubectl.toSorted(ascending) }
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** When the first try with this outcome began that began after `since`. Each line is looked at once: there are 50 a second. */
async function firstTry(prober: Talker, outcome: string, since: number): Promise<number> {
  const deadline = performance.now() + 60_000
  for (let seen = 0; performance.now() < deadline; await setTimeout(5)) {
    for (; seen < prober.lines.length; seen++) {
      const { text = "", at = 0 } = prober.lines[seen] ?? {}
      const began = at - Number(text.split(" ")[2])
      if (text.startsWith(outcome) && began >= since) return began
    }
  }
  throw new Error(`no try was ${outcome} within a minute`)
}
