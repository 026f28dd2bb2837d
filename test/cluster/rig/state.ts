// Where a rig keeps what it is: records of its processes, logs, certificates, the disks of its machines.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import type { Box } from "./box.ts"
import { endBox } from "./box.ts"
import { removeCgroups } from "./cgroups.ts"
import type { Paths } from "./daemons.ts"
import { living, writeRecord } from "./processes.ts"
import { CONTROL_PLANE, nodeNames, type RigSettings } from "./settings.ts"

/** Overlay mounts want a file system of their own kind, so not /tmp, which may be a tmpfs. */
const root = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "postern", "clusters")

export interface State extends Paths {
  readonly directory: string
  readonly images: string
  readonly logs: string
  readonly records: string
}

export function stateOf(name: string, binaries: string): State {
  const directory = join(root, name)
  const inside = (folder: string): string => join(directory, folder)
  return {
    directory,
    binaries,
    certificates: inside("certificates"),
    data: inside("etcd"),
    images: inside("images"),
    logs: inside("log"),
    records: inside("records"),
    configuration: (machine) => join(directory, "configuration", machine),
  }
}

export function boxOf(state: State, machine: string): Box {
  return {
    name: machine,
    directory: join(state.directory, "machines", machine),
    log: join(state.logs, `${machine}.log`),
    record: join(state.records, machine),
  }
}

export function machinesOf(settings: RigSettings): readonly string[] {
  return [CONTROL_PLANE, ...nodeNames(settings)]
}

/** A rig that is up already must have been made with the same settings. */
export function openState(state: State, settings: RigSettings): void {
  for (const directory of [state.records, state.logs, state.images]) mkdirSync(directory, { recursive: true })
  mkdirSync(state.data, { recursive: true, mode: 0o700 })
  const file = join(state.directory, "settings.json")
  const text = `${JSON.stringify(settings)}\n`
  if (existsSync(file) && readFileSync(file, "utf8") !== text) {
    throw new Error(
      `${settings.name} was made with other settings, ${readFileSync(file, "utf8").trim()}: down first`,
    )
  }
  writeFileSync(file, text)
}

export function savedSettings(name: string): RigSettings | undefined {
  const file = join(root, name, "settings.json")
  if (!existsSync(file)) return undefined
  const settings: RigSettings = JSON.parse(readFileSync(file, "utf8"))
  return settings
}

/** A rig with an owner goes when its owner has gone, at the next start at the latest. */
export function own(state: State): void {
  writeRecord(join(state.directory, "owner"), process.pid)
}

/** Ends every machine and removes everything but, if so wished, the logs. */
export async function removeRig(name: string, keepLogs: boolean): Promise<void> {
  const state = stateOf(name, "")
  for (const box of boxesIn(state)) await endBox(box)
  await removeCgroups(name)
  if (!keepLogs) return rmSync(state.directory, { recursive: true, force: true })
  for (const each of existsSync(state.directory) ? readdirSync(state.directory) : []) {
    if (each !== "log") rmSync(join(state.directory, each), { recursive: true, force: true })
  }
}

/** For the end of a process, which cannot wait: what stays is swept at the next start. */
export function endMachinesNow(name: string): void {
  for (const { record } of boxesIn(stateOf(name, ""))) {
    const pid = living(record)
    if (pid !== undefined) process.kill(pid, "SIGKILL")
  }
}

/** Rigs whose owner has ended. */
export async function sweepRigs(): Promise<void> {
  for (const name of existsSync(root) ? readdirSync(root) : []) {
    const owner = join(root, name, "owner")
    if (existsSync(owner) && living(owner) === undefined) await removeRig(name, false)
  }
}

function boxesIn(state: State): readonly Box[] {
  const machines = existsSync(state.records) ? readdirSync(state.records) : []
  // Daemons are NODE.DAEMON and have no namespaces.
  return machines.filter((name) => /^[a-z0-9]+$/.test(name)).map((name) => boxOf(state, name))
}
