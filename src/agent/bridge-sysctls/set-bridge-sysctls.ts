// Hands the packets between ports of a bridge to inet chains, for every bridge of the node, those to come included.
//
// net.bridge.* of the network namespace (kernel documentation, networking/ip-sysctl). The files exist once the module
// br_netfilter is loaded. A node without it may have no bridge with pods: the agent looks and reports.

import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

const DIRECTORY = "/proc/sys/net/bridge"
const SYSCTLS = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] as const

/** One line for each sysctl, saying what was done. */
export function setBridgeSysctls(directory: string = DIRECTORY): Promise<readonly string[]> {
  return Promise.all(SYSCTLS.map((name) => setSysctl(directory, name)))
}

async function setSysctl(directory: string, name: string): Promise<string> {
  const path = join(directory, name)
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
  if (before === undefined) return `net.bridge.${name}: no such setting, br_netfilter is not loaded`
  if (before.trim() === "1") return `net.bridge.${name}: 1 already`
  await writeFile(path, "1")
  return `net.bridge.${name}: ${before.trim()} -> 1`
}
