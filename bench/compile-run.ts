// One measurement of the compiler, in this process: `node --expose-gc bench/compile-run.ts WORKLOAD|hold:WORKLOAD|events`.

import { performance } from "node:perf_hooks"
import { compile } from "../src/compile/compile.ts"
import { lower } from "../src/kinds/registry.ts"
import { measureEvents } from "./incremental.ts"
import { type Counts, materialise } from "./materialise.ts"
import { makeWorkload, WORKLOADS, type Workload } from "./workloads.ts"

export interface CompileRun {
  readonly seconds: number
  /** User and system time of all threads, garbage collection and just-in-time compiler included. */
  readonly cpuSeconds: number
  /** Of the whole process, the input objects included. */
  readonly peakRssMiB: number
  readonly counts: Counts
}

export interface HoldRun {
  readonly peakRssMiB: number
}

const [what = ""] = process.argv.slice(2)
console.log(JSON.stringify(measure(what)))

function measure(what: string): unknown {
  if (what === "events") return measureEvents()
  const workload = WORKLOADS.find((each) => what === each || what === `hold:${each}`)
  if (workload === undefined) throw new Error(`no workload: ${what}`)
  return workload === what ? measureCompile(workload) : measureHold(workload)
}

function measureCompile(workload: Workload): CompileRun {
  const snapshot = makeWorkload(workload)
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  const start = performance.now()
  const counts = materialise(compile(snapshot, { lower }))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (user + system) / 1e6, peakRssMiB: peakRssMiB(), counts }
}

/** What the input objects alone take. */
function measureHold(workload: Workload): HoldRun {
  const { pods } = makeWorkload(workload)
  globalThis.gc?.()
  return { peakRssMiB: pods.length > 0 ? peakRssMiB() : 0 }
}

function peakRssMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024)
}
