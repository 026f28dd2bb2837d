// What the lab needs from the machine, asked before anything is made: each lack is one line that says what to do.

import { accessSync, constants, existsSync } from "node:fs"
import { join } from "node:path"
import { toolEnvironment, tryCommand } from "./command.ts"

/** The machine cannot carry a lab. The message is made of lines for people. */
export class LabEnvironmentError extends Error {
  override readonly name = "LabEnvironmentError"
  readonly code = "lab-environment"
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join("\n"))
    this.problems = problems
  }
}

const tools: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nft: "nftables",
  conntrack: "conntrack",
  perl: "perl-base",
  nsenter: "util-linux",
  unshare: "util-linux",
}

const bridgeSwitch = "/proc/sys/net/bridge/bridge-nf-call-iptables"

/** Throws LabEnvironmentError with everything that is missing. */
export async function checkLabEnvironment(): Promise<void> {
  const problems = [...missingTools(toolEnvironment().PATH), ...(await missingBridgeFilter())]
  if (problems.length === 0) problems.push(...(await missingFeatures()))
  if (problems.length > 0) throw new LabEnvironmentError(problems)
}

/** One line for each tool that is in none of the directories of `path`. */
export function missingTools(path: string): readonly string[] {
  const directories = path.split(":").filter((each) => each !== "")
  return Object.entries(tools)
    .filter(([tool]) => !directories.some((directory) => isExecutable(join(directory, tool))))
    .map(([tool, debian]) => `${tool} is not installed: apt-get install ${debian}`)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function missingBridgeFilter(): Promise<readonly string[]> {
  if (!existsSync(bridgeSwitch)) await tryCommand(["modprobe", "br_netfilter"]).catch(() => undefined)
  if (existsSync(bridgeSwitch)) return []
  return [
    "br_netfilter is not loaded, without which bridged pods go round nftables: as root, modprobe br_netfilter",
  ]
}

/** Tried in a network namespace of its own, which ends with the command. */
async function missingFeatures(): Promise<readonly string[]> {
  const trials: readonly (readonly [string, string])[] = [
    ["true", "network namespaces cannot be made here: run as root with CAP_SYS_ADMIN and CAP_NET_ADMIN"],
    ["ip link add trial0 type veth peer name trial1", "this kernel has no veth: as root, modprobe veth"],
    [
      "ip link add trial0 type bridge nf_call_iptables 1",
      "this kernel has no bridge: as root, modprobe bridge",
    ],
    ["nft add table inet trial", "this kernel has no nf_tables: as root, modprobe nf_tables"],
    ["conntrack -L", "conntrack entries cannot be read: as root, modprobe nf_conntrack_netlink"],
  ]
  for (const [trial, problem] of trials) {
    const { status, stderr } = await tryCommand(["unshare", "--net", "sh", "-c", trial])
    if (status !== 0) return [`${problem} (${stderr.trim().split("\n").at(-1) ?? ""})`]
  }
  return []
}
