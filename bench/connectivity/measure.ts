// postern connectivity of a repository of manifests, as a user runs it: from the command to the last line.

import { spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { fileURLToPath } from "node:url"
import { writeRepository } from "./repository.ts"

const POSTERN = fileURLToPath(new URL("../../bin/postern.js", import.meta.url))

export interface ConnectivityRun {
  readonly format: string
  readonly seconds: readonly number[]
  readonly cpuSeconds: readonly number[]
  readonly outputMiB: number
}

export function measureConnectivity(formats: readonly string[], runs: number): readonly ConnectivityRun[] {
  const directory = mkdtempSync(join(tmpdir(), "postern-bench-"))
  try {
    const manifests = join(directory, "manifests")
    writeRepository(manifests)
    return formats.map((format) => measure(format, { runs, manifests, output: join(directory, "output") }))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

interface Measuring {
  readonly runs: number
  readonly manifests: string
  readonly output: string
}

/** Told by the process itself when it ends: what it used of the processors, whoever else was using them. */
const TELLS_ITS_CPU = `data:text/javascript,process.on("exit",()=>process.stderr.write(JSON.stringify(process.cpuUsage())))`

function measure(format: string, { runs, manifests, output }: Measuring): ConnectivityRun {
  const seconds: number[] = []
  const cpuSeconds: number[] = []
  for (let i = 0; i < runs; i++) {
    const file = openSync(output, "w")
    const start = performance.now()
    const words = ["--import", TELLS_ITS_CPU, POSTERN, "connectivity", "-f", manifests, "-o", format]
    const { status, stderr } = spawnSync(process.execPath, words, {
      stdio: ["ignore", file, "pipe"],
      encoding: "utf8",
    })
    seconds.push((performance.now() - start) / 1000)
    closeSync(file)
    if (status !== 0) throw new Error(`postern connectivity: ${stderr}`)
    const { user, system }: NodeJS.CpuUsage = JSON.parse(stderr)
    cpuSeconds.push((user + system) / 1e6)
  }
  return { format, seconds, cpuSeconds, outputMiB: statSync(output).size / 2 ** 20 }
}
