// What the analysis of one change costs on the workload `cluster`, while its pods come and go.
// One JSON object: `node --expose-gc bench/impact.ts [--runs N]`.

import { performance } from "node:perf_hooks"
import { parseArgs } from "node:util"
import { impactOf } from "../src/analysis/impact/impact.ts"
import { createModel, type Model } from "../src/analysis/model.ts"
import { changesTo } from "../src/compile/compile.ts"
import type { Change, Pod, PolicyObject, Snapshot } from "../src/compile/snapshot.ts"
import { lower } from "../src/kinds/registry.ts"
import { createRandom, type Random } from "./random.ts"
import { makeWorkload } from "./workloads.ts"

export interface ImpactRun {
  readonly change: string
  readonly milliseconds: Quantiles
  /** Of the thread, whatever else the machine had to do. */
  readonly cpuMilliseconds: Quantiles
  /** Connections that appear or disappear, on average. */
  readonly pairs: number
}

interface Quantiles {
  readonly median: number
  readonly p99: number
}

export interface ImpactFigures {
  readonly loadSeconds: number
  /** Of the model beside its objects, and when all changes have been analysed. */
  readonly memoryMiB: { readonly loaded: number; readonly after: number }
  readonly runs: readonly ImpactRun[]
}

interface Sort {
  readonly name: string
  readonly change: (random: Random, snapshot: Snapshot) => Change
}

const SORTS: readonly Sort[] = [
  {
    name: "a policy is deleted",
    change: (random, { policies }) => {
      const { kind, metadata } = one(policies, random)
      const { namespace, name } = metadata
      return { kind: "policy", op: "delete", policyKind: kind, namespace, name }
    },
  },
  {
    name: "a policy says another port",
    change: (random, { policies }) => {
      const policy = one(policies, random)
      const ingress = [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }]
      return setting({ ...policy, spec: { ...Object(policy.spec), ingress } })
    },
  },
  {
    name: "a policy with an address block comes",
    change: (random, { policies }) => {
      const cidr = `10.${random.below(256)}.0.0/16`
      return newPolicy(one(policies, random), {
        policyTypes: ["Egress"],
        egress: [{ to: [{ ipBlock: { cidr } }] }],
      })
    },
  },
  {
    name: "a policy comes that isolates a namespace",
    change: (random, { policies }) =>
      newPolicy(one(policies, random), { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
  },
  {
    name: "a policy comes that opens a namespace",
    change: (random, { policies }) =>
      newPolicy(one(policies, random), { podSelector: {}, ingress: [{}], egress: [{}] }),
  },
  {
    name: "a namespace changes its labels",
    change: (random, { namespaces }) => {
      const { name, labels } = one(namespaces, random)
      return { kind: "namespace", op: "set", value: { name, labels: { ...labels, company: "company-1" } } }
    },
  },
]

const { values } = parseArgs({ options: { runs: { type: "string", default: "100" } } })
console.log(JSON.stringify(measureImpact(Number(values.runs))))

function measureImpact(runs: number): ImpactFigures {
  const snapshot = makeWorkload("cluster")
  const heap = heapMiB()
  const began = performance.now()
  const model = createModel({ lower })
  model.apply(changesTo(snapshot))
  const loadSeconds = (performance.now() - began) / 1000
  const loaded = heapMiB() - heap
  for (const sort of SORTS) measure(sort, { snapshot, model, runs: 5 })
  const measured = SORTS.map((sort) => measure(sort, { snapshot, model, runs }))
  return { loadSeconds, memoryMiB: { loaded, after: heapMiB() - heap }, runs: measured }
}

interface Measured {
  readonly snapshot: Snapshot
  readonly model: Model
  readonly runs: number
}

function measure({ name, change }: Sort, { snapshot, model, runs }: Measured): ImpactRun {
  const random = createRandom(11)
  const times: number[] = []
  const cpuTimes: number[] = []
  let pairs = 0
  for (let i = 0; i < runs; i++) {
    // Nothing of the last analysis can be used again.
    const pod = one(snapshot.pods, random)
    model.apply(goneThenBack(pod))
    const asked = change(random, snapshot)
    const cpu = cpuMicroseconds()
    const began = performance.now()
    const report = impactOf({ model, changes: [asked], operation: "UPDATE" })
    times.push(performance.now() - began)
    cpuTimes.push((cpuMicroseconds() - cpu) / 1000)
    pairs += report.appearing.pairs + report.disappearing.pairs
  }
  return {
    change: name,
    milliseconds: quantiles(times),
    cpuMilliseconds: quantiles(cpuTimes),
    pairs: pairs / runs,
  }
}

function goneThenBack(pod: Pod): readonly Change[] {
  const { namespace, name } = pod
  return [
    { kind: "pod", op: "delete", namespace, name },
    { kind: "pod", op: "set", value: pod },
  ]
}

function newPolicy(like: PolicyObject, spec: Readonly<Record<string, unknown>>): Change {
  return setting({
    ...like,
    metadata: { ...like.metadata, name: "new" },
    spec: { podSelector: Object(like.spec).podSelector, policyTypes: ["Ingress", "Egress"], ...spec },
  })
}

function setting(value: PolicyObject): Change {
  return { kind: "policy", op: "set", value }
}

function one<T>(items: readonly T[], random: Random): T {
  const item = items[random.below(items.length)]
  if (item === undefined) throw new Error("there is none")
  return item
}

function heapMiB(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

function cpuMicroseconds(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}

function quantiles(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (q: number) => sorted[Math.ceil((sorted.length - 1) * q)] ?? Number.NaN
  return { median: at(0.5), p99: at(0.99) }
}
