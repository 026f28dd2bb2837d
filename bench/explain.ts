// What a question costs on the workload `cluster`: from the words of the question to the whole explanation.
// One JSON object: `node --expose-gc bench/explain.ts`.

import { performance } from "node:perf_hooks"
import { changesTo } from "../src/compile/compile.ts"
import type { Pod, Service, Snapshot } from "../src/compile/snapshot.ts"
import { mistakesOf } from "../src/explain/checked.ts"
import { inquire } from "../src/explain/inquiry.ts"
import { createLiveWorld } from "../src/explain/live-world.ts"
import { parsePortRequest } from "../src/explain/port-request.ts"
import { resolveReference } from "../src/explain/reference.ts"
import { DEFAULT_SETTINGS, type World } from "../src/explain/world.ts"
import { judgeOf } from "../src/kinds/registry.ts"
import { createRandom, type Random } from "./random.ts"
import { makeWorkload } from "./workloads.ts"

export interface ExplainRun {
  readonly question: string
  readonly milliseconds: { readonly median: number; readonly p99: number }
}

export interface ExplainFigures {
  readonly loadSeconds: number
  readonly memoryMiB: number
  readonly questions: readonly ExplainRun[]
}

const QUESTIONS = 1000
const WARM_UP = 200

type Asked = readonly [from: string, to: string]

/** `mayFail`: the question is about something that is not there. */
interface Sort {
  readonly name: string
  readonly mayFail?: boolean
  readonly ask: (random: Random, snapshot: Snapshot) => Asked
}

const SORTS: readonly Sort[] = [
  {
    name: "a pod to a pod",
    ask: (random, { pods }) => [nameOf(one(pods, random)), nameOf(one(pods, random))],
  },
  {
    name: "an address to an address",
    ask: (random, { pods }) => [addressOf(one(pods, random)), addressOf(one(pods, random))],
  },
  {
    name: "an address outside to a pod",
    ask: (random, { pods }) => ["203.0.113.9", nameOf(one(pods, random))],
  },
  {
    name: "a pod to a Service of 10 pods, by name",
    ask: (random, { pods, services }) => [nameOf(one(pods, random)), serviceName(one(services, random))],
  },
  {
    name: "a pod to a Service of 10 pods, by ClusterIP",
    ask: (random, { pods, services }) => [
      nameOf(one(pods, random)),
      one(services, random).clusterIPs[0] ?? "",
    ],
  },
  {
    name: "a pod to a pod that is not there",
    mayFail: true,
    ask: (random, { pods }) => [nameOf(one(pods, random)), `${nameOf(one(pods, random))}x`],
  },
]

console.log(JSON.stringify(measureExplain()))

function measureExplain(): ExplainFigures {
  const snapshot = withServices(makeWorkload("cluster"))
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const began = performance.now()
  const live = createLiveWorld({ judgeOf, settings: DEFAULT_SETTINGS })
  live.apply(changesTo(snapshot))
  const loadSeconds = (performance.now() - began) / 1000
  globalThis.gc?.()
  const memoryMiB = (process.memoryUsage().heapUsed - before) / 2 ** 20
  return { loadSeconds, memoryMiB, questions: SORTS.map((sort) => measure(sort, snapshot, live.world)) }
}

function measure(sort: Sort, snapshot: Snapshot, world: World): ExplainRun {
  const random = createRandom(7)
  const times: number[] = []
  for (let i = 0; i < WARM_UP + QUESTIONS; i++) {
    const asked = sort.ask(random, snapshot)
    const began = performance.now()
    const mistakes = answer(asked, world)
    if (i >= WARM_UP) times.push(performance.now() - began)
    if (mistakes.length > 0 && sort.mayFail !== true) throw new Error(`${asked.join(" -> ")}: ${mistakes[0]}`)
  }
  times.sort((a, b) => a - b)
  const at = (q: number) => times[Math.ceil((times.length - 1) * q)] ?? Number.NaN
  return { question: sort.name, milliseconds: { median: at(0.5), p99: at(0.99) } }
}

function answer([fromText, toText]: Asked, world: World): readonly string[] {
  const scope = { world, namespace: "default" }
  const from = resolveReference(fromText, scope)
  const to = resolveReference(toText, scope)
  const port = parsePortRequest("80")
  if (!from.ok || !to.ok || !port.ok) return mistakesOf([from, to, port]).map(({ message }) => message)
  const answered = inquire({ from: from.value, to: to.value, port: port.value }, world)
  return answered.ok ? [] : answered.diagnostics.map(({ message }) => message)
}

/** A Service before every ten pods with the same labels. */
function withServices(snapshot: Snapshot): Snapshot {
  const groups = Map.groupBy(snapshot.pods, ({ namespace, labels }) => `${namespace}/${labels["app"]}`)
  const services = [...groups.values()].flatMap(([pod], i): readonly Service[] => {
    if (pod === undefined) return []
    const { namespace, labels } = pod
    const clusterIPs = [`10.96.${i >> 8}.${i & 255}`]
    const ports = [{ name: "", protocol: "TCP", port: 80, targetPort: 80 }] as const
    return [{ namespace, name: labels["app"] ?? "", selector: labels, clusterIPs, ports }]
  })
  return { ...snapshot, services }
}

function one<T>(items: readonly T[], random: Random): T {
  const item = items[random.below(items.length)]
  if (item === undefined) throw new Error("there is none")
  return item
}

function nameOf({ namespace, name }: Pod): string {
  return `${namespace}/${name}`
}

function serviceName({ namespace, name }: Service): string {
  return `${namespace}/svc/${name}`
}

function addressOf({ addresses }: Pod): string {
  return addresses[0] ?? ""
}
