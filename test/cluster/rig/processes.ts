// Processes that outlive whoever started them, found again by their record: pid and start time.
//
// A pid alone may have been given to another process since; proc_pid_stat(5), field 22, tells them apart.

import { spawn } from "node:child_process"
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { toolEnvironment } from "../../../src/lab/command.ts"

export interface ProcessRecord {
  readonly pid: number
  readonly started: string
}

export interface Launch {
  readonly argv: readonly string[]
  readonly log: string
  /** Where the record goes. */
  readonly record: string
}

/** A session of its own: it lives on after this process, and the terminal's Ctrl-C does not reach it. */
export function launch({ argv, log, record }: Launch): ProcessRecord {
  const [program = "", ...rest] = argv
  const output = openSync(log, "a")
  const child = spawn(program, rest, {
    detached: true,
    stdio: ["ignore", output, output],
    env: toolEnvironment(),
  })
  closeSync(output)
  child.on("error", () => {})
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start ${program}`)
  return writeRecord(record, child.pid)
}

export function writeRecord(file: string, pid: number): ProcessRecord {
  const record = { pid, started: startTime(pid) ?? "" }
  writeFileSync(file, `${record.pid} ${record.started}\n`)
  return record
}

/** The process of a record, where it lives. */
export function living(file: string): number | undefined {
  try {
    const [pid = "", started = ""] = readFileSync(file, "utf8").trim().split(" ")
    return started !== "" && startTime(Number(pid)) === started ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const list = readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
      return list.split(" ").filter(Boolean).map(Number)
    })
  } catch {
    return []
  }
}

/** Resolves when it is gone. */
export async function endRecorded(file: string, signal: NodeJS.Signals): Promise<void> {
  const pid = living(file)
  if (pid !== undefined) {
    process.kill(pid, signal)
    await until(() => living(file) === undefined, `the end of process ${pid} (${file})`)
  }
  rmSync(file, { force: true })
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  seconds = 60,
): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await sleep(100)
  }
}

export function recordsIn(directory: string): readonly string[] {
  return readdirSync(directory).map((name) => join(directory, name))
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in field 2 may hold anything: count from the last parenthesis, where field 3 starts.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    // A zombie has ended.
    return fields[0] === "Z" ? undefined : fields[19]
  } catch {
    return undefined
  }
}
