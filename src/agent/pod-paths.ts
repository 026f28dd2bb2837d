// Whether each local pod is reached through an interface whose packets pass our hooks.
//
// ipvlan, macvlan and SR-IOV pods send without the node's IP layer; a pod
// that no route of this node leads to is somewhere else.

import type { Host } from "./host.ts"
import type { Surroundings } from "./interfaces.ts"
import { readLinks } from "./links.ts"
import type { Problem } from "./problem.ts"

export interface PodPathScope {
  readonly host: Host
  readonly surroundings: Surroundings
  readonly addresses: readonly string[]
}

export async function findPodPaths(scope: PodPathScope): Promise<readonly Problem[]> {
  if (scope.addresses.length === 0) return []
  const links = await readLinks(scope.host)
  const kinds = new Map(links.map((link) => [link.name, link.kind]))
  const devices = await devicesTo(scope.host, scope.addresses)
  return scope.addresses.flatMap((address): Problem[] => {
    const device = devices.get(address)
    if (device === undefined || !scope.surroundings.podInterfaces.includes(device))
      return [notFound(address, device)]
    const kind = kinds.get(device) ?? ""
    return SEEN.has(kind) ? [] : [notVeth(address, `${device} (${kind || "physical"})`)]
  })
}

// tun: virtual machines; netkit is a veth whose packets an eBPF program may redirect, so not here.
const SEEN: ReadonlySet<string> = new Set(["veth", "bridge", "tun"])

/** Interface that the kernel would send to, by address. `route get` of an unreachable one ends a batch, hence -force. */
async function devicesTo(host: Host, addresses: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const lines = addresses.map((address) => `route get ${address}\n`).join("")
  const { stdout } = await host.run("ip", ["-o", "-force", "-batch", "-"], lines)
  const found = stdout.split("\n").flatMap((line) => {
    const [, address, device] = /^(?:local )?(\S+) .*?dev (\S+)/.exec(line) ?? []
    return address === undefined || device === undefined ? [] : [[address, device] as const]
  })
  return new Map(found)
}

function notFound(address: string, device: string | undefined): Problem {
  const where =
    device === undefined ? "no route leads to it" : `its route leads through ${device}, where no pod is known`
  const message = `pod address ${address} is not on this node as the node knows it: ${where}`
  return { code: "pod-not-found", severity: "error", subject: address, message }
}

function notVeth(address: string, device: string): Problem {
  const message = `pod address ${address} is behind ${device}: only veths and bridge ports pass the node's packet filter`
  return { code: "pod-not-behind-veth", severity: "error", subject: address, message }
}
