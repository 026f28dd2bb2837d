// Who owns which lab, so that what a crash left behind is removed at the next start.
//
// A record is written before anything is made and removed after everything is gone. A pid alone may have
// been given to another process since: the start time (proc_pid_stat(5), field 22) tells them apart.

import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { commandSync } from "./command.ts"
import { labPrefix } from "./names.ts"

/** Both live as long as the machine is up, as the namespaces do: /run is emptied at boot. */
const stateDirectory = "/run/postern/lab"
const namespaceDirectory = "/run/netns"

export interface Ownership {
  /** "pst" and four hexadecimal digits. */
  readonly lab: string
  /** Of this lab alone. */
  readonly directory: string
}

/** Takes a free name and records this process as its owner. */
export function takeOwnership(): Ownership {
  for (;;) {
    const lab = `${labPrefix}${randomBytes(2).toString("hex")}`
    const directory = join(stateDirectory, lab)
    if (existsSync(directory) || namespacesOf(lab).length > 0) continue
    // Renamed into place, so that no other process meets a lab without an owner.
    const made = join(stateDirectory, `.${lab}.${process.pid}`)
    mkdirSync(made, { recursive: true, mode: 0o755 })
    writeFileSync(join(made, "owner"), `${process.pid} ${startTime(process.pid) ?? ""}\n`)
    renameSync(made, directory)
    return { lab, directory }
  }
}

/** Removes the namespaces and the record; works in a signal handler. */
export function removeLab(lab: string): void {
  const names = namespacesOf(lab)
  commandSync(["ip", "-force", "-batch", "-"], names.map((name) => `netns del ${name}\n`).join(""))
  const left = namespacesOf(lab)
  if (left.length > 0) throw new Error(`namespaces of ${lab} cannot be removed: ${left.join(", ")}`)
  rmSync(join(stateDirectory, lab), { recursive: true, force: true })
}

/** Removes every lab whose owner has ended; their names. */
export function sweepStaleLabs(): readonly string[] {
  if (!existsSync(stateDirectory)) return []
  const labs = readdirSync(stateDirectory).filter((name) => name.startsWith(labPrefix))
  const stale = labs.filter((lab) => !isOwned(join(stateDirectory, lab, "owner")))
  for (const lab of stale) removeLab(lab)
  return stale
}

export function namespacesOf(lab: string): readonly string[] {
  if (!existsSync(namespaceDirectory)) return []
  return readdirSync(namespaceDirectory).filter((name) => name.startsWith(`${lab}-`))
}

function isOwned(file: string): boolean {
  if (!existsSync(file)) return false
  const [pid = "", started = ""] = readFileSync(file, "utf8").trim().split(" ")
  return startTime(Number(pid)) === started
}

function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The name in field 2 may hold anything: count from the last parenthesis, where field 3 starts.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
  } catch {
    return undefined
  }
}
