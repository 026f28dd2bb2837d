// Which interfaces lead to pods, and which address belongs behind which.
//
// Known from routes, bridge ports and CNI results, never from names: a CNI plugin names its interfaces as
// it likes, and a veth of something else must not be taken for a pod's.

import { isIPv6 } from "node:net"
import type { Attachment } from "./cni-results.ts"
import type { Link, LinkRoute } from "./links.ts"
import { boundsOf, isInRanges } from "./local-addresses.ts"

/** What the program says is local. */
export interface LocalAddresses {
  readonly addresses: { readonly has: (address: string) => boolean; readonly keys: () => Iterable<string> }
  /** Inclusive bounds. */
  readonly ranges: readonly (readonly [string, string])[]
}

export interface Surroundings {
  /** Where packets of pods enter the node's IP layer: veths, or the bridge they are ports of. Sorted. */
  readonly podInterfaces: readonly string[]
  /** Ports of bridges that pods are behind, with what may come out of them. */
  readonly ports: readonly PodPort[]
  /** Ports of a pod bridge that no CNI result speaks of: whose addresses come out of them is not known. Sorted. */
  readonly unknownPorts: readonly string[]
  /** Bridges among the pod interfaces, with their settings. */
  readonly bridges: readonly Link[]
  /** Every pod address found on this node, and the interface it is behind. */
  readonly pods: ReadonlyMap<string, string>
}

export interface PodPort {
  readonly interface: string
  readonly hardwareAddress: string
  readonly addresses: readonly string[]
}

export interface Observed {
  readonly links: readonly Link[]
  readonly routes: readonly LinkRoute[]
  readonly attachments: readonly Attachment[]
}

export const NO_SURROUNDINGS: Surroundings = {
  podInterfaces: [],
  ports: [],
  unknownPorts: [],
  bridges: [],
  pods: new Map(),
}

export function surroundingsOf(observed: Observed, local: LocalAddresses): Surroundings {
  const links = new Map(observed.links.map((link) => [link.name, link]))
  const routed = podRoutes(observed.routes, local, links)
  const attached = observed.attachments.flatMap((attachment) => attachedTo(attachment, links))
  const podInterfaces = new Set([
    ...routed.map((route) => route.interface),
    ...attached.map(({ link }) => (isBridgePort(link, links) ? link.master : link.name)),
  ])
  const bridges = observed.links.filter((link) => podInterfaces.has(link.name) && link.bridge !== undefined)
  const ports = attached.flatMap(({ link, attachment }): PodPort[] =>
    isBridgePort(link, links) ? [{ interface: link.name, ...pick(attachment) }] : [],
  )
  const known = new Set(ports.map((port) => port.interface))
  return {
    podInterfaces: [...podInterfaces].sort(),
    ports: ports.sort((a, b) => (a.interface < b.interface ? -1 : 1)),
    unknownPorts: observed.links
      .filter((link) => link.kind === "veth" && !known.has(link.name))
      .filter((link) => bridges.some((bridge) => bridge.name === link.master))
      .map((link) => link.name)
      .sort(),
    bridges,
    pods: podsOf(routed, attached),
  }
}

/**
 * Routes of pod addresses, and of ranges of them: a host route leads to one pod, a range to a bridge. What holds more
 * than the local range may as well lead to the pods of other nodes, unless it is a bridge.
 */
function podRoutes(
  routes: readonly LinkRoute[],
  local: LocalAddresses,
  links: ReadonlyMap<string, Link>,
): readonly LinkRoute[] {
  const isLocal = isInRanges(local)
  return routes.filter((route) => {
    const link = links.get(route.interface)
    if (link === undefined) return false
    const [address = "", length] = route.destination.split("/")
    if (local.addresses.has(address)) return true
    const [first, last] = length === undefined ? [address, address] : boundsOf(address, Number(length))
    return isLocal(first) && (isLocal(last) || link.bridge !== undefined)
  })
}

interface Attached {
  readonly link: Link
  readonly attachment: Attachment
}

/** The veth of the pod. Results outlive a reboot, their interfaces do not. */
function attachedTo(attachment: Attachment, links: ReadonlyMap<string, Link>): readonly Attached[] {
  const found = attachment.hostInterfaces.flatMap((name) => links.get(name) ?? [])
  const link = found.find((each) => each.bridge === undefined)
  return link === undefined ? [] : [{ link, attachment }]
}

function isBridgePort(link: Link, links: ReadonlyMap<string, Link>): boolean {
  return links.get(link.master)?.bridge !== undefined
}

function pick(attachment: Attachment): Omit<PodPort, "interface"> {
  return { hardwareAddress: attachment.hardwareAddress, addresses: attachment.addresses }
}

function podsOf(routed: readonly LinkRoute[], attached: readonly Attached[]): ReadonlyMap<string, string> {
  const hostRoutes = routed.filter((route) => isHostRoute(route.destination))
  return new Map([
    ...hostRoutes.map((route) => [route.destination.split("/")[0] ?? "", route.interface] as const),
    ...attached.flatMap(({ link, attachment }) =>
      attachment.addresses.map((address) => [address, link.name] as const),
    ),
  ])
}

function isHostRoute(destination: string): boolean {
  const [address = "", length] = destination.split("/")
  return length === undefined || Number(length) === (isIPv6(address) ? 128 : 32)
}
