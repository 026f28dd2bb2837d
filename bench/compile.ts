// The compiler's time and memory, from parsed objects to every node's program, and the cost of single events
// afterwards. One JSON object a line: `node bench/compile.ts [--runs N] [WORKLOAD... | events]`.
//
// Every run has a process of its own. The minimum is what the code costs, the median what this machine made of
// it, with all else it had to do.

import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { CompileRun } from "./compile-run.ts"
import { WORKLOADS } from "./workloads.ts"

const RUN = fileURLToPath(new URL("compile-run.ts", import.meta.url))

/** A young generation of 8 MiB halves makes the peak a third smaller and costs no time: nearly all that is made stays. */
const FLAGS = ["--expose-gc", "--max-semi-space-size=8"]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" } },
})
const wanted = positionals.length > 0 ? positionals : [...WORKLOADS, "events"]
for (const what of wanted) {
  if (what === "events") console.log(JSON.stringify({ benchmark: "event", on: "cluster", events: run(what) }))
  else console.log(JSON.stringify(summary(what, Number(values.runs))))
}

function summary(workload: string, runs: number): unknown {
  const measured = Array.from({ length: runs }, () => compileRun(workload))
  return {
    benchmark: "compile",
    workload,
    runs,
    seconds: spread(measured.map(({ seconds }) => seconds)),
    threadSeconds: spread(measured.map(({ threadSeconds }) => threadSeconds)),
    peakRssMiB: spread(measured.map(({ peakRssMiB }) => peakRssMiB)),
    inputRssMiB: Math.min(...measured.map(({ inputRssMiB }) => inputRssMiB)),
    counts: measured[0]?.counts,
  }
}

function compileRun(workload: string): CompileRun {
  return run(workload)
}

function run(what: string) {
  return JSON.parse(execFileSync(process.execPath, [...FLAGS, RUN, what], { encoding: "utf8" }))
}

function spread(samples: readonly number[]): { readonly min: number; readonly median: number } {
  const sorted = samples.toSorted((a, b) => a - b)
  return { min: rounded(sorted[0]), median: rounded(sorted[Math.floor(sorted.length / 2)]) }
}

function rounded(sample = Number.NaN): number {
  return Math.round(sample * 1000) / 1000
}
