// Network interfaces and routes of the node, as iproute2 prints them in JSON.

import { type Host, HostError } from "./host.ts"

export interface Link {
  readonly name: string
  /** "veth", "bridge", "macvlan", ...; "" for a physical one. */
  readonly kind: string
  /** The bridge (or bond, or VRF) it is a port of; "" for none. */
  readonly master: string
  readonly bridge: BridgeSettings | undefined
}

export interface BridgeSettings {
  readonly nfCallIptables: boolean
  readonly nfCallIp6tables: boolean
}

/** A route to a destination on the link itself, without a gateway. */
export interface LinkRoute {
  /** "10.1.0.0/24"; a host route has no length. */
  readonly destination: string
  readonly interface: string
}

export async function readLinks(host: Host): Promise<readonly Link[]> {
  return recordsIn(await ip(host, ["-j", "-d", "link", "show"])).map(linkOf)
}

export async function readLinkRoutes(host: Host): Promise<readonly LinkRoute[]> {
  const texts = await Promise.all(
    ["-4", "-6"].map((family) => ip(host, ["-j", family, "route", "show", "table", "all"])),
  )
  return texts.flatMap((text) => recordsIn(text).flatMap(linkRouteOf))
}

async function ip(host: Host, args: readonly string[]): Promise<string> {
  const outcome = await host.run("ip", args)
  if (outcome.status === 0) return outcome.stdout
  throw new HostError("not-started", `ip ${args.join(" ")}: ${outcome.stderr.trim()}`)
}

/** iproute2 prints nothing at all for an empty list, and an empty object for what the filter left out. */
function recordsIn(text: string): readonly Json[] {
  const value: unknown = text.trim() === "" ? [] : JSON.parse(text)
  return Array.isArray(value) ? value.filter(isJson) : []
}

function linkOf(record: Json): Link {
  const info = child(record, "linkinfo")
  const kind = text(info, "info_kind")
  return {
    name: text(record, "ifname"),
    kind,
    master: text(record, "master"),
    bridge: kind === "bridge" ? bridgeOf(child(info, "info_data")) : undefined,
  }
}

function bridgeOf(data: Json): BridgeSettings {
  return { nfCallIptables: data["nf_call_iptables"] === 1, nfCallIp6tables: data["nf_call_ip6tables"] === 1 }
}

function linkRouteOf(record: Json): readonly LinkRoute[] {
  const destination = text(record, "dst")
  const unicast = (record["type"] ?? "unicast") === "unicast"
  const direct =
    record["gateway"] === undefined && record["via"] === undefined && record["nexthops"] === undefined
  const device = text(record, "dev")
  if (!unicast || !direct || device === "" || destination === "default") return []
  return [{ destination, interface: device }]
}

type Json = Readonly<Record<string, unknown>>

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function child(record: Json, name: string): Json {
  const value = record[name]
  return isJson(value) ? value : {}
}

function text(record: Json, name: string): string {
  const value = record[name]
  return typeof value === "string" ? value : ""
}
