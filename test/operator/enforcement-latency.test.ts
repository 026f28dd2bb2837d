// From what `kubectl apply` does to what connections meet: through API server, controller, agent and kernel.

import { setTimeout } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import { quantile } from "../cluster/latency.ts"
import { at, pods, selects, shop, v4 } from "../kernel/shop.ts"
import type { Talker } from "../kernel/traffic.ts"
import { networkPolicy } from "../snapshots.ts"
import { createPod, deletePolicy, setPolicy } from "./api-objects.ts"
import { untilConverged } from "./convergence.ts"
import { createLabCluster, type LabCluster } from "./lab-cluster.ts"
import { startProber } from "./lab-flows.ts"

const ROUNDS = 20
/** No promise about a machine that does other things, too: what is seldom over 100 ms must not take seconds each time. */
const LIMIT_MS = 5_000
/** To see a failure of the above, and no time-out. */
const PATIENCE_MS = 60_000

let cluster: LabCluster
let prober: Talker

beforeAll(async () => {
  cluster = await createLabCluster(shop)
  await cluster.traffic.ready(at.server, `echo tcp ${v4(pods.server)} 80`)
  prober = startProber(cluster.lab, at.far, {
    protocol: "tcp",
    everyMs: 10,
    timeoutMs: 250,
    targets: [`${v4(pods.server)}/80`],
  })
})

afterAll(async () => {
  await prober?.stop()
  await cluster?.close()
})

test("a policy is enforced soon after the API server has taken it, and its end, too", async () => {
  const policy = networkPolicy("closed", { ...selects("server"), policyTypes: ["Ingress"] })
  const [shut, open]: [number[], number[]] = [[], []]
  await millisecondsUntil("open")
  for (let round = 0; round < ROUNDS; round++) {
    await setPolicy(cluster.client, policy)
    shut.push(await millisecondsUntil("shut"))
    await deletePolicy(cluster.client, policy)
    open.push(await millisecondsUntil("open"))
  }
  process.stdout.write(`${sentence("enforced", shut)}; ${sentence("open again", open)}\n`)
  expect(Math.max(median(shut), median(open))).toBeLessThan(LIMIT_MS)
})

test.for([
  ["that no policy selects", undefined],
  ["that a policy selects", { ...selects("other"), policyTypes: ["Egress"], egress: [{}] }],
] as const)("a pod %s is heard soon after CNI ADD", async ([which, spec]) => {
  const policy = networkPolicy("other", spec ?? {})
  if (spec !== undefined) await setPolicy(cluster.client, policy)
  const starting = startProber(cluster.lab, at.other, {
    protocol: "tcp",
    everyMs: 5,
    timeoutMs: 250,
    targets: [`${v4(pods.server)}/80`],
  })
  const waits: number[] = []
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await cluster.end(pods.other)
      await millisecondsUntil("shut", starting)
      const { uid } = (await createPod(cluster.client, pods.other)).metadata
      await untilConverged(cluster)
      cluster.cni(pods.other).add(uid)
      waits.push(await millisecondsUntil("open", starting))
    }
  } finally {
    await starting.stop()
    if (spec !== undefined) await deletePolicy(cluster.client, policy)
  }
  process.stdout.write(`${sentence(`first packet of a pod ${which}, after CNI ADD`, waits)}\n`)
  expect(median(waits)).toBeLessThan(LIMIT_MS)
})

/** From now to the beginning of the first try that begins after now and ends so. */
async function millisecondsUntil(outcome: "open" | "shut", tries = prober): Promise<number> {
  const since = performance.now()
  const { lines } = tries
  for (let next = lines.length; ; next++) {
    while (lines[next] === undefined) {
      if (performance.now() - since > PATIENCE_MS) throw new Error(`nothing is ${outcome}`)
      await setTimeout(2)
    }
    // OUTCOME TARGET AGE
    const [what, , age] = lines[next]?.text.split(" ") ?? []
    const began = (lines[next]?.at ?? 0) - Number(age)
    if (what === outcome && began >= since) return began - since
  }
}

function median(milliseconds: readonly number[]): number {
  return quantile(ascending(milliseconds), 0.5)
}

function ascending(milliseconds: readonly number[]): readonly number[] {
  return milliseconds.toSorted((a, b) => a - b)
}

function sentence(what: string, milliseconds: readonly number[]): string {
  const sorted = ascending(milliseconds)
  return `${what}: p50 ${quantile(sorted, 0.5).toFixed(0)} ms, p99 ${quantile(sorted, 0.99).toFixed(0)} ms`
}
