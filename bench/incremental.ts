// What one event costs the engine on the workload `cluster`, from the change to its delta.

import { performance } from "node:perf_hooks"
import { changesTo } from "../src/compile/compile.ts"
import { createEngine, type Engine } from "../src/compile/engine/engine.ts"
import type { Change, PolicyObject } from "../src/compile/snapshot.ts"
import { lower } from "../src/kinds/registry.ts"
import { createRandom } from "./random.ts"
import { makePod, makeWorkload } from "./workloads.ts"

export interface EventRun {
  readonly event: string
  readonly milliseconds: { readonly median: number; readonly p99: number; readonly min: number }
}

const EVENTS = 1000
const WARM_UP = 100

export function measureEvents(): readonly EventRun[] {
  const engine = createEngine({ lower })
  engine.apply(changesTo(makeWorkload("cluster")))
  engine.apply([{ kind: "policy", op: "set", value: namesRelease() }])
  const making = { random: createRandom(7), addresses: new Set<string>() }
  const pod = (i: number, labels: Readonly<Record<string, string>>): Change => {
    const namespace = `namespace-${making.random.below(1000)}`
    return { kind: "pod", op: "set", value: makePod(making, { namespace, name: `new-${i}`, labels }) }
  }
  return [
    measure(engine, "add a pod with a known label set", (i) => pod(i, { app: `scale-${i % 10}` })),
    measure(engine, "add a pod with a new label set", (i) =>
      pod(i, { app: `scale-${i % 10}`, release: `r-${i}` }),
    ),
    measure(engine, "relabel a namespace of 100 pods", (i) => relabel(i)),
  ]
}

/** Makes `release` a key that tells identities apart: without it a new label set would cost nothing at all. */
function namesRelease(): PolicyObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: "namespace-0", name: "names-release" },
    spec: { podSelector: { matchLabels: { release: "none" } }, policyTypes: ["Ingress"] },
  }
}

/** Every namespace once, to the company after its own. */
function relabel(i: number): Change {
  const name = `namespace-${i % 1000}`
  const round = Math.floor(i / 1000)
  const labels = { "kubernetes.io/metadata.name": name, company: `company-${(i + 1 + round) % 100}` }
  return { kind: "namespace", op: "set", value: { name, labels } }
}

function measure(engine: Engine, event: string, changeOf: (i: number) => Change): EventRun {
  const times: number[] = []
  for (let i = 0; i < WARM_UP + EVENTS; i++) {
    const changes = [changeOf(i)]
    const start = performance.now()
    const { nodes, sets } = engine.apply(changes)
    const time = performance.now() - start
    if (nodes.length + sets.length === 0) throw new Error(`${event}: nothing changed`)
    if (i >= WARM_UP) times.push(time)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number =>
    times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0
  return { event, milliseconds: { median: at(0.5), p99: at(0.99), min: at(0) } }
}
