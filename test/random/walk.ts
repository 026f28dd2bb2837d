// The way of a connection's packets over the hooks of the cluster's nodes, as a routed CNI has them.
//
// Every pod has a veth of its own, the nodes see each other through eth0, Services are translated on the
// client's node (kube-proxy). The same walk is gone back by the reply.

import type { Environment, FibQuery, Packet, Tuple } from "nftables-json/packet"
import type { Pod } from "../../src/compile/snapshot.ts"
import type { Connection } from "../../src/explain/evaluate.ts"
import type { Endpoint } from "../../src/explain/judge.ts"
import type { World } from "../../src/explain/world.ts"

export interface Step {
  readonly node: string
  readonly packet: Packet
}

export interface Walk {
  readonly original: readonly Step[]
  /** The first answer, with a connection mark that tells nothing. */
  readonly reply: readonly Step[]
}

const UPLINK = "eth0"
/** Behind it are the addresses of a node's pod CIDR that no known pod has. */
const UNKNOWN_POD = "veth-unknown"
const CLIENT_PORT = 40_000
const SERVICE = { ip: "10.96.0.10", ip6: "fd00:96::10", port: 7 } as const

export function vethOf({ namespace, name }: Pod): string {
  return `veth-${namespace}-${name}`
}

/** A fib of the node that has routes to its pods, and a default route. */
export function environmentOf(node: string, world: World): Environment {
  return {
    trace: "none",
    fib: ({ result, flags }: FibQuery, packet) => {
      const address = (flags[0] === "saddr" ? packet.source : packet.destination) ?? ""
      if (result === "type") return world.nodeOf(address)?.name === node ? "local" : "unicast"
      const route = interfaceTo(address, node, world)
      return flags.includes("iif") && route !== packet.iifname ? undefined : route
    },
  }
}

export function walkOf(connection: Connection, world: World): Walk {
  const route = routeOf(connection, world)
  // What a pod sends to its own address never leaves it.
  if (route.masquerade !== null && !connection.throughService) return { original: [], reply: [] }
  const nodes = [...new Set([route.source.node, route.destination.node])].filter((node) => node !== null)
  return {
    original: nodes.flatMap((node) => stepsOn(node, route, "original")),
    reply: nodes.toReversed().flatMap((node) => stepsOn(node, route, "reply")),
  }
}

/** Where an end is: behind an interface of a node, a process of the node itself (no interface), or beyond. */
interface Place {
  readonly address: string
  readonly node: string | null
  readonly interface: string | null
}

interface Route {
  readonly source: Place
  readonly destination: Place
  readonly connection: Connection
  /** Where a hairpin is masqueraded to: the address of the client's node. */
  readonly masquerade: string | null
}

type PacketDirection = "original" | "reply"

function routeOf(connection: Connection, world: World): Route {
  const [source, destination] = [placeOf(connection.from, world), placeOf(connection.to, world)]
  const isHairpin = source.address === destination.address
  const addresses = source.node === null ? [] : (world.nodeNamed(source.node)?.addresses ?? [])
  const masquerade = addresses.find((each) => each.includes(":") === source.address.includes(":"))
  return { source, destination, connection, masquerade: isHairpin ? (masquerade ?? null) : null }
}

function placeOf(end: Endpoint, world: World): Place {
  const address = end.address.kind === "known" ? end.address.text : ""
  switch (end.kind) {
    case "pod":
      return { address, node: end.pod.node, interface: vethOf(end.pod) }
    case "node":
      return { address, node: end.node, interface: null }
    case "outside": {
      const node = world.podNodeOf(end.address)?.name ?? null
      return { address, node, interface: node === null ? UPLINK : UNKNOWN_POD }
    }
  }
}

function interfaceTo(address: string, node: string, world: World): string {
  const pod = world.ownerOf(address)
  if (pod !== null) return pod.node === node ? vethOf(pod) : UPLINK
  const family = address.includes(":") ? "IPv6" : "IPv4"
  return world.podNodeOf({ kind: "known", family, text: address })?.name === node ? UNKNOWN_POD : UPLINK
}

function stepsOn(node: string, route: Route, direction: PacketDirection): readonly Step[] {
  const [sender, receiver] =
    direction === "original" ? [route.source, route.destination] : [route.destination, route.source]
  const iifname = sender.node === node ? sender.interface : UPLINK
  const oifname = receiver.node === node ? receiver.interface : UPLINK
  const packet = (hook: Packet["hook"]) => packetOf(hook, { node, route, direction })
  if (iifname === null) return oifname === null ? [] : [{ node, packet: { ...packet("output"), oifname } }]
  const prerouting = { node, packet: { ...packet("prerouting"), iifname } }
  if (oifname === null) return [prerouting, { node, packet: { ...packet("input"), iifname } }]
  return [prerouting, { node, packet: { ...packet("forward"), iifname, oifname } }]
}

interface PacketContext {
  readonly node: string
  readonly route: Route
  readonly direction: PacketDirection
}

function packetOf(hook: Packet["hook"], context: PacketContext): Packet {
  const { route, direction } = context
  const tuples = tuplesOf(context)
  const header = headerOf(hook, context)
  const isReply = direction === "reply"
  return {
    hook,
    family: route.source.address.includes(":") ? "ip6" : "ip",
    source: header.source,
    destination: header.destination,
    ...transportOf(route.connection, header, isReply),
    // A router has been passed: neighbour discovery, which none may pass, is known by 255.
    fields: { "ip ttl": 63, "ip6 hoplimit": 63 },
    ct: { state: isReply ? "established" : "new", direction, mark: 0, ...tuples },
  }
}

/** Service addresses are translated on the client's node, between prerouting's first chains and forward. */
function tuplesOf({ node, route }: PacketContext): { readonly original: Tuple; readonly reply: Tuple } {
  const { source, destination, connection, masquerade } = route
  const port = connection.port.kind === "port" ? connection.port.port : null
  const isTranslated = connection.throughService && node === source.node
  const asked = isTranslated ? serviceOf(route) : { address: destination.address, port }
  return {
    original: tuple(source.address, asked.address, port === null ? null : [CLIENT_PORT, asked.port ?? 0]),
    reply: tuple(
      destination.address,
      masquerade ?? source.address,
      port === null ? null : [port, CLIENT_PORT],
    ),
  }
}

function headerOf(hook: Packet["hook"], { node, route, direction }: PacketContext): Tuple {
  const { source, destination, connection, masquerade } = route
  const port = connection.port.kind === "port" ? connection.port.port : null
  const isEarly = hook === "prerouting" && node === source.node
  if (direction === "reply") {
    const client = isEarly ? (masquerade ?? source.address) : source.address
    return tuple(destination.address, client, port === null ? null : [port, CLIENT_PORT])
  }
  const server =
    connection.throughService && isEarly ? serviceOf(route) : { address: destination.address, port }
  return tuple(source.address, server.address, port === null ? null : [CLIENT_PORT, server.port ?? 0])
}

function serviceOf({ source }: Route) {
  return { address: source.address.includes(":") ? SERVICE.ip6 : SERVICE.ip, port: SERVICE.port }
}

function tuple(source: string, destination: string, ports: readonly [number, number] | null): Tuple {
  if (ports === null) return { source, destination }
  return { source, destination, sourcePort: ports[0], destinationPort: ports[1] }
}

function transportOf({ port, from }: Connection, header: Tuple, isReply: boolean): Partial<Packet> {
  if (port.kind === "other") {
    const l4proto = from.address.family === "IPv4" ? "icmp" : "ipv6-icmp"
    return { l4proto, icmp: { type: isReply ? "echo-reply" : "echo-request" } }
  }
  const ports = { sourcePort: header.sourcePort ?? 0, destinationPort: header.destinationPort ?? 0 }
  const tcpFlags =
    port.protocol === "TCP" ? { tcpFlags: isReply ? (["syn", "ack"] as const) : (["syn"] as const) } : {}
  return { l4proto: port.protocol.toLowerCase(), ...ports, ...tcpFlags }
}
