// A cgroup a node, under which its kubelet puts the pods; the rig drives the v1 controllers.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { until } from "./processes.ts"

const HIERARCHIES = "/sys/fs/cgroup"
const CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd"]

/** Of the kubelet's cgroupRoot. */
export function cgroupOf(rig: string, node: string): string {
  return `/postern-${rig}/${node}`
}

/** Under which the processes of a node's pods are found. */
export function cgroupDirectory(rig: string, node: string): string {
  return join(HIERARCHIES, "pids", cgroupOf(rig, node))
}

export function makeCgroups(rig: string, node: string): void {
  for (const controller of CONTROLLERS) {
    const hierarchy = join(HIERARCHIES, controller)
    if (!existsSync(hierarchy)) {
      throw new Error(`needs cgroup v1 (the hybrid layout will do): there is no ${hierarchy}`)
    }
    mkdirSync(join(hierarchy, cgroupOf(rig, node)), { recursive: true })
    if (controller === "cpuset") giveCpus(hierarchy, cgroupOf(rig, node))
  }
}

/** Of the whole rig, or of one node; every process in them must have ended. */
export async function removeCgroups(rig: string, node = ""): Promise<void> {
  const roots = [...CONTROLLERS, "unified"].map((each) => join(HIERARCHIES, each, cgroupOf(rig, node)))
  const left = (): readonly string[] => roots.filter((root) => existsSync(root) && !removed(root))
  // The kernel lets go of a group a moment after its last process.
  await until(() => left().length === 0, `removal of the cgroups ${cgroupOf(rig, node)}`)
}

function removed(directory: string): boolean {
  try {
    for (const each of readdirSync(directory, { withFileTypes: true })) {
      if (each.isDirectory()) removed(join(directory, each.name))
    }
    rmdirSync(directory)
    return true
  } catch {
    return false
  }
}

/** A v1 cpuset is born without processors and memory, and then takes no process. */
function giveCpus(hierarchy: string, path: string): void {
  const parents = path.split("/").filter(Boolean)
  parents.forEach((_, i) => {
    const directory = join(hierarchy, ...parents.slice(0, i + 1))
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      writeFileSync(join(directory, file), readFileSync(join(hierarchy, file)))
    }
  })
}
