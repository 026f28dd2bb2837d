// One measurement of the compiler, in this process: `node --expose-gc bench/compile-run.ts WORKLOAD|events`.

import { performance } from "node:perf_hooks"
import { compile } from "../src/compile/compile.ts"
import { lower } from "../src/kinds/registry.ts"
import { measureEvents } from "./incremental.ts"
import { type Counts, materialise } from "./materialise.ts"
import { peakMiB, startOfPeak } from "./peak-memory.ts"
import { makeWorkload, WORKLOADS, type Workload } from "./workloads.ts"

export interface CompileRun {
  readonly seconds: number
  /** User and system time of the thread that compiles; garbage is collected in others, too. */
  readonly threadSeconds: number
  /** Of the whole process while it compiles, the input objects included. */
  readonly peakRssMiB: number
  /** Of the process with the input objects, before it compiles. */
  readonly inputRssMiB: number
  readonly counts: Counts
}

const [what = ""] = process.argv.slice(2)
const workload = WORKLOADS.find((each) => each === what)
if (what !== "events" && workload === undefined) throw new Error(`no workload: ${what}`)
console.log(JSON.stringify(workload === undefined ? measureEvents() : measureCompile(workload)))

function measureCompile(workload: Workload): CompileRun {
  const snapshot = makeWorkload(workload)
  const inputRssMiB = startOfPeak()
  const cpu = process.threadCpuUsage()
  const start = performance.now()
  const counts = materialise(compile(snapshot, { lower }))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.threadCpuUsage(cpu)
  return { seconds, threadSeconds: (user + system) / 1e6, peakRssMiB: peakMiB(), inputRssMiB, counts }
}
