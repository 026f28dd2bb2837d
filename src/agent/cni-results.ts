// What CNI plugins said when they attached a pod: libcni keeps each result in a directory of the node
// (/var/lib/cni/results), with the pod's interface, its hardware address and its addresses.
//
// CNI specification 0.3.0 to 1.1, "ADD success". Written by root, so unlike neighbour tables and forwarding
// databases no pod can put anything in it.

import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { readBounded } from "./durable-file.ts"

/** One interface of one pod. */
export interface Attachment {
  /** The node's ends: a veth, and the bridge where there is one. */
  readonly hostInterfaces: readonly string[]
  /** Hardware address of the pod's end; "" where the plugin did not say. */
  readonly hardwareAddress: string
  readonly addresses: readonly string[]
}

const LIMIT_BYTES = 1024 * 1024

/** A result that cannot be read is left out: its pod is then found by its route, or reported. */
export async function readAttachments(directory: string): Promise<readonly Attachment[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  const read = names.map(async (name) => {
    const text = await readBounded(join(directory, name), LIMIT_BYTES).catch(() => undefined)
    return text === undefined ? [] : attachmentsIn(text)
  })
  return (await Promise.all(read)).flat()
}

export function attachmentsIn(text: string): readonly Attachment[] {
  const cached = parsed(text)
  const result = record(cached["result"]) ?? cached
  const interfaces = list(result["interfaces"])
  const ips = list(result["ips"])
  const hostInterfaces = interfaces.filter((each) => !inSandbox(each)).flatMap((each) => texts(each["name"]))
  return interfaces.flatMap((each, index) => {
    if (!inSandbox(each)) return []
    const addresses = ips
      .filter((ip) => (ip["interface"] ?? index) === index)
      .flatMap((ip) => texts(ip["address"]))
    if (addresses.length === 0) return []
    const hardwareAddress = texts(each["mac"])[0]?.toLowerCase() ?? ""
    return [{ hostInterfaces, hardwareAddress, addresses: addresses.map(withoutLength) }]
  })
}

type Json = Readonly<Record<string, unknown>>

function parsed(text: string): Json {
  try {
    return record(JSON.parse(text)) ?? {}
  } catch {
    return {}
  }
}

function inSandbox(each: Json): boolean {
  return typeof each["sandbox"] === "string" && each["sandbox"] !== ""
}

function withoutLength(address: string): string {
  return address.split("/")[0] ?? address
}

function record(value: unknown): Json | undefined {
  const isRecord = (value: unknown): value is Json =>
    typeof value === "object" && value !== null && !Array.isArray(value)
  return isRecord(value) ? value : undefined
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(record).filter((each) => each !== undefined) : []
}

function texts(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : []
}
