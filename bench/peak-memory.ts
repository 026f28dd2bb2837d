// Resident memory from a given moment on: what was needed to make the input is not part of it.

import { readFileSync, writeFileSync } from "node:fs"

/** Gives back what garbage holds, forgets the peak until now, and tells what is left, in MiB. */
export function startOfPeak(): number {
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" })
  // 5 resets VmHWM to VmRSS (proc_pid_clear_refs(5)).
  writeFileSync("/proc/self/clear_refs", "5")
  return statusMiB("VmRSS")
}

/** The highest since then, in MiB. */
export function peakMiB(): number {
  return statusMiB("VmHWM")
}

function statusMiB(field: string): number {
  const [, kibibytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return Math.round(Number(kibibytes) / 1024)
}
