// Every address of the node itself, of tunnels and bridges too: where packets of the node come from that other nodes see.

import type { Host } from "./host.ts"

/** Sorted; link-local and loopback addresses are left out. */
export async function readNodeAddresses(host: Host): Promise<readonly string[]> {
  const outcome = await host.run("ip", ["-j", "address", "show", "scope", "global"])
  if (outcome.status !== 0) return []
  return addressesIn(outcome.stdout)
}

function addressesIn(text: string): readonly string[] {
  const links: unknown = text.trim() === "" ? [] : JSON.parse(text)
  if (!Array.isArray(links)) return []
  const infos = links.flatMap((link: unknown) => listIn(link, "addr_info"))
  return [...new Set(infos.flatMap((info) => localOf(info)))].toSorted((a, b) => (a < b ? -1 : 1))
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
  return Array.isArray(list) ? list : []
}

function localOf(info: unknown): readonly string[] {
  const local: unknown = typeof info === "object" && info !== null ? Reflect.get(info, "local") : undefined
  return typeof local === "string" ? [local] : []
}
