// Can this node enforce policy at all, and for which pods? Asked before the first rule and again every minute.

import type { ForeignCheck } from "./foreign-check.ts"
import { type Host, HostError } from "./host.ts"
import type { Surroundings } from "./interfaces.ts"
import type { Link } from "./links.ts"
import { findPodPaths } from "./pod-paths.ts"
import type { Problem, ProblemCode, ProblemSeverity } from "./problem.ts"
import { findRedirectingFilters } from "./traffic-control.ts"

export interface PreflightScope {
  readonly host: Host
  readonly foreign: ForeignCheck
  readonly surroundings: Surroundings
  /** Local pod addresses of the program. */
  readonly addresses: readonly string[]
}

/** Every problem that can be found, none of which hides another. */
export async function preflight(scope: PreflightScope): Promise<readonly Problem[]> {
  const found = await Promise.all([
    tools(scope.host),
    scope.foreign(),
    sctp(scope.host),
    bridges(scope.host, scope.surroundings.bridges),
    findPodPaths(scope),
    findRedirectingFilters(scope.host, [
      ...scope.surroundings.podInterfaces,
      ...scope.surroundings.ports.map((port) => port.interface),
    ]),
  ])
  return [...found.flat(), ...unknownPorts(scope.surroundings)]
}

const LEAST_NFT = [1, 0, 6] as const

async function tools(host: Host): Promise<readonly Problem[]> {
  const [nft, conntrack, ip, perl] = await Promise.all([
    versionOf(host, ["nft", "--version"]),
    versionOf(host, ["conntrack", "--version"]),
    versionOf(host, ["ip", "-V"]),
    versionOf(host, ["perl", "-e", "print 1"]),
  ])
  const missing = (code: ProblemCode, severity: ProblemSeverity, name: string): Problem => ({
    code,
    severity,
    subject: "",
    message: `the program ${name} cannot be run: install it where the agent runs`,
  })
  return [
    ...(nft === undefined ? [missing("nft-missing", "fatal", "nft")] : tooOld(nft)),
    ...(conntrack === undefined ? [missing("conntrack-missing", "fatal", "conntrack")] : []),
    ...(ip === undefined ? [missing("iproute2-missing", "fatal", "ip")] : []),
    // Without it changes by others are found by the full check alone.
    ...(perl === undefined ? [missing("perl-missing", "warning", "perl")] : []),
  ]
}

async function versionOf(
  host: Host,
  [command = "", ...args]: readonly string[],
): Promise<string | undefined> {
  try {
    const outcome = await host.run(command, args)
    return outcome.status === 0 ? outcome.stdout.trim() : undefined
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}

export function tooOld(version: string): readonly Problem[] {
  const numbers = /v(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [0]
  const differs = LEAST_NFT.findIndex((least, i) => least !== (numbers[i] ?? 0))
  if (differs === -1 || (numbers[differs] ?? 0) > (LEAST_NFT[differs] ?? 0)) return []
  const message = `${version}: nft ${LEAST_NFT.join(".")} or newer is needed`
  return [{ code: "nft-too-old", severity: "fatal", subject: "", message }]
}

/** Without the helper a port is no part of an SCTP connection: one allowed port opens all between two hosts. */
async function sctp(host: Host): Promise<readonly Problem[]> {
  const conntrack = await setting(host, "net/netfilter/nf_conntrack_max")
  const tracked = await setting(host, "net/netfilter/nf_conntrack_sctp_timeout_established")
  if (conntrack === undefined || tracked !== undefined) return []
  const message =
    "this kernel does not track SCTP (CONFIG_NF_CT_PROTO_SCTP): one allowed SCTP port opens every port between two hosts"
  return [{ code: "sctp-not-tracked", severity: "warning", subject: "", message }]
}

async function bridges(host: Host, found: readonly Link[]): Promise<readonly Problem[]> {
  if (found.length === 0) return []
  const [all4, all6] = await Promise.all([
    setting(host, "net/bridge/bridge-nf-call-iptables"),
    setting(host, "net/bridge/bridge-nf-call-ip6tables"),
  ])
  return found.flatMap((bridge): Problem[] => {
    const common = { severity: "error", subject: bridge.name } as const
    if (all4 === undefined) {
      const message = `pods on bridge ${bridge.name} reach each other unfiltered: load the kernel module br_netfilter (modprobe br_netfilter)`
      return [{ ...common, code: "br-netfilter-missing", message }]
    }
    const four = all4 === "1" || bridge.bridge?.nfCallIptables === true
    const six = all6 === "1" || bridge.bridge?.nfCallIp6tables === true
    if (four && six) return []
    const missing = [...(four ? [] : ["IPv4"]), ...(six ? [] : ["IPv6"])].join(" and ")
    const message =
      `pods on bridge ${bridge.name} reach each other over ${missing} unfiltered: ` +
      `run ip ${enableBridgeFilter(bridge.name).join(" ")}, or let the agent do it (bridgeFilter: "set")`
    return [{ ...common, code: "bridge-not-filtered", message }]
  })
}

/** Arguments of `ip` that hand the packets of one bridge to inet chains; the global switches are left alone. */
export function enableBridgeFilter(bridge: string): readonly string[] {
  return ["link", "set", bridge, "type", "bridge", "nf_call_iptables", "1", "nf_call_ip6tables", "1"]
}

/** /proc/sys is that of the namespace of the process that reads it. */
async function setting(host: Host, path: string): Promise<string | undefined> {
  const outcome = await host.run("cat", [`/proc/sys/${path}`])
  return outcome.status === 0 ? outcome.stdout.trim() : undefined
}

function unknownPorts(surroundings: Surroundings): readonly Problem[] {
  return surroundings.unknownPorts.map((port) => ({
    code: "port-not-known",
    severity: "warning",
    subject: port,
    message: `no CNI result speaks of bridge port ${port}: the pod behind it can use the addresses of others on the bridge`,
  }))
}
