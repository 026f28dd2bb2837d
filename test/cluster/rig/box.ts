// A machine of the rig: a process 1 in network, mount, pid, uts and ipc namespaces of its own.
//
// The file system is the host's, except for the paths that a node's daemons write to: each machine has those for
// itself, so every daemon runs with its defaults and never meets its twin on the other node. When process 1 ends, the
// kernel ends all others of the machine.

import { randomUUID } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { command } from "../../../src/lab/command.ts"
import { childrenOf, endRecorded, launch, living, until, writeRecord } from "./processes.ts"

export interface Box {
  readonly name: string
  /** What it has for itself on disk; stays when the machine is restarted. */
  readonly directory: string
  readonly log: string
  readonly record: string
}

/** Bind mounts need them on the host too, where they stay empty. */
const OWN_PATHS = [
  "/var/lib/kubelet",
  "/var/lib/containerd",
  "/var/lib/cni",
  "/var/lib/postern",
  "/var/log/pods",
  "/var/log/containers",
  "/etc/cni/net.d",
]

/** The kubelet writes these, and no namespace has them for itself. */
const GLOBAL_SYSCTLS = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
]

/** A shell that waits takes in every orphan that ends; TERM ends it, and with it the machine. */
const PROCESS_ONE = "trap 'exit 0' TERM INT; while :; do sleep 86400 & wait $!; done"

export async function startBox(box: Box): Promise<void> {
  if (living(box.record) !== undefined) return
  mkdirSync(box.directory, { recursive: true })
  for (const path of OWN_PATHS) {
    mkdirSync(path, { recursive: true })
    mkdirSync(join(box.directory, "own", path), { recursive: true })
  }
  const namespaces = ["-n", "-m", "-p", "-u", "-i", "--fork", "--kill-child", "--mount-proc"]
  const parent = launch({
    argv: ["unshare", ...namespaces, "--propagation", "private", "sh", "-c", PROCESS_ONE],
    log: box.log,
    record: `${box.record}-parent`,
  })
  await until(() => childrenOf(parent.pid).length > 0, `process 1 of ${box.name} (${box.log})`)
  const [first = 0] = childrenOf(parent.pid)
  writeRecord(box.record, first)
  // unshare mounts /proc between the fork and the shell.
  await until(() => isShell(box), `namespaces of ${box.name} (${box.log})`)
  await command(enterBox(box, ["sh", "-eu"]), setUpScript(box))
}

export async function endBox(box: Pick<Box, "record">): Promise<void> {
  await endRecorded(box.record, "SIGKILL")
  await endRecorded(`${box.record}-parent`, "SIGKILL")
}

/** The argv that runs a command inside. */
export function enterBox(box: Box, argv: readonly string[]): readonly string[] {
  // Relative paths mean what they mean outside.
  const inside = ["-n", "-m", "-p", "-u", "-i", `--wdns=${process.cwd()}`]
  return ["nsenter", "-t", String(processOne(box)), ...inside, "--", ...argv]
}

/** Seen from outside. */
export function processOne(box: Box): number {
  const pid = living(box.record)
  if (pid === undefined) throw new Error(`${box.name} is not up (${box.record})`)
  return pid
}

async function isShell(box: Box): Promise<boolean> {
  const pid = processOne(box)
  const { stdout } = await commandOrNothing(["readlink", `/proc/${pid}/exe`])
  return /\/(dash|bash|busybox|sh)$/.test(stdout.trim())
}

async function commandOrNothing(argv: readonly string[]): Promise<{ readonly stdout: string }> {
  return command(argv).then(
    (stdout) => ({ stdout }),
    () => ({ stdout: "" }),
  )
}

function setUpScript({ name, directory }: Box): string {
  const files = join(directory, "files")
  const cgroups = join(directory, "cgroup")
  mkdirSync(files, { recursive: true })
  mkdirSync(cgroups, { recursive: true })
  // A machine that starts anew has another boot id, and an agent must see that.
  writeFileSync(join(files, "boot_id"), `${randomUUID()}\n`)
  writeFileSync(join(files, "resolv.conf"), "")
  const sysctls = GLOBAL_SYSCTLS.map((path) => {
    const file = join(files, path.replaceAll("/", "."))
    return `cat /proc/sys/${path} >${file}; mount --bind ${file} /proc/sys/${path}`
  })
  return [
    `hostname ${name}`,
    // A new sysfs shows the devices of this network namespace; the cgroups move over to it.
    `mount --rbind /sys/fs/cgroup ${cgroups}; mount -t sysfs sysfs /sys`,
    `mount --rbind ${cgroups} /sys/fs/cgroup; umount -l ${cgroups}`,
    // crun 1.8 refuses a hybrid hierarchy whose v2 half has controllers: only the v1 half is shown.
    "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi",
    "mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/netns /run/lock",
    ...OWN_PATHS.map((path) => `mount --bind ${join(directory, "own", path)} ${path}`),
    `mount --bind ${join(files, "resolv.conf")} /etc/resolv.conf`,
    `mount --bind ${join(files, "boot_id")} /proc/sys/kernel/random/boot_id`,
    ...sysctls,
    // The kubelet and its containers want mounts that are seen by each other.
    "mount --make-rshared /",
    "ip link set lo up",
  ].join("\n")
}
