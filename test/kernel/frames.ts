// Frames and packets made by hand, as hexadecimal digits for traffic.pl.

import { words } from "../../src/agent/ipv6-words.ts"

export interface UdpFlow {
  readonly from: string
  readonly to: string
  readonly fromPort: number
  readonly toPort: number
  readonly text: string
}

/** An IP packet with a UDP datagram; the UDP checksum is left out for IPv4 and right for IPv6. */
export function udpPacket(flow: UdpFlow): string {
  const data = Buffer.from(flow.text)
  const header = `${hex16(flow.fromPort)}${hex16(flow.toPort)}${hex16(8 + data.length)}`
  const body = data.toString("hex")
  if (!flow.from.includes(":")) return ip4(flow, 17, `${header}0000${body}`)
  return ip6(flow, 17, `${header}${checksum(flow, 17, `${header}0000${body}`)}${body}`)
}

export interface Ends {
  readonly from: string
  readonly to: string
}

/** A TCP segment without options or right checksum: who judges by conntrack with checksums on sees it as invalid. */
export function tcpPacket(
  ends: Ends & { readonly fromPort: number; readonly toPort: number; readonly flags: number },
): string {
  const head = `${hex16(ends.fromPort)}${hex16(ends.toPort)}000000010000000150${hex8(ends.flags)}ffff`
  return ip4(ends, 6, `${head}${checksum(ends, 6, `${head}00000000`)}0000`)
}

/** An ICMPv6 message: type, code and checksum come from here, `rest` is what follows the checksum. */
export function icmpv6Packet(ends: Ends, type: number, rest: string, hops = 255): string {
  const sum = checksum(ends, 58, `${hex8(type)}000000${rest}`)
  return ip6(ends, 58, `${hex8(type)}00${sum}${rest}`, hops)
}

/** An ICMP message for IPv4: `rest` is what follows the checksum. */
export function icmpPacket(ends: Ends, type: number, code: number, rest: string): string {
  const head = `${hex8(type)}${hex8(code)}`
  return ip4(ends, 1, `${head}${ones(`${head}0000${rest}`)}${rest}`)
}

export interface Link {
  readonly from: string
  readonly to: string
}

/** Puts a packet into an Ethernet frame, under a VLAN tag where one is given. */
export function frame(link: Link, packet: string, vlan?: number): string {
  const type = packet.startsWith("6") ? "86dd" : "0800"
  return `${ether(link.to)}${ether(link.from)}${vlan === undefined ? "" : `8100${hex16(vlan)}`}${type}${packet}`
}

/** A gratuitous ARP reply: `address` is at the sender. */
export function arpReply(link: Link, address: string): string {
  const sender = `${ether(link.from)}${address4(address)}`
  return `${ether(link.to)}${ether(link.from)}08060001080006040002${sender}${ether(link.to)}${address4(address)}`
}

/** "Other" bytes of the same kind of frame that no stack speaks. */
export function strangeFrame(link: Link, text: string): string {
  return `${ether(link.to)}${ether(link.from)}88b5${Buffer.from(text).toString("hex")}`
}

export function address6(address: string): string {
  return words(address)
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("")
}

export function ether(address: string): string {
  return address.replaceAll(":", "")
}

function ip4({ from, to }: Ends, protocol: number, body: string): string {
  const length = hex16(20 + body.length / 2)
  const before = `4500${length}0001000040${hex8(protocol)}`
  const after = `${address4(from)}${address4(to)}`
  return `${before}${ones(`${before}0000${after}`)}${after}${body}`
}

function ip6({ from, to }: Ends, protocol: number, body: string, hops = 64): string {
  return `60000000${hex16(body.length / 2)}${hex8(protocol)}${hex8(hops)}${address6(from)}${address6(to)}${body}`
}

function checksum({ from, to }: Ends, protocol: number, body: string): string {
  const six = from.includes(":")
  const length = (body.length / 2).toString(16).padStart(8, "0")
  const pseudo = six ? `${address6(from)}${address6(to)}` : `${address4(from)}${address4(to)}`
  return ones(`${pseudo}${length}${protocol.toString(16).padStart(8, "0")}${body}`)
}

/** RFC 1071. */
function ones(text: string): string {
  const even = text.length % 4 === 0 ? text : `${text}00`
  let sum = 0
  for (let at = 0; at < even.length; at += 4) sum += Number.parseInt(even.slice(at, at + 4), 16)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return hex16(~sum & 0xffff)
}

function address4(address: string): string {
  return address
    .split(".")
    .map((byte) => hex8(Number(byte)))
    .join("")
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, "0")
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, "0")
}
