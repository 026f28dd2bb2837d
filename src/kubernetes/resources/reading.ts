// What objects of several kinds have in common, read from whatever they hold.

import { isRecord, listIn, recordIn } from "../../api/conforms.ts"
import { readCidr } from "../../compile/address-ranges.ts"
import type { Labels } from "../../compile/snapshot.ts"
import type { Mistake } from "../resource.ts"
import { sharing } from "./shared.ts"

const shareLabels = sharing<Labels>()

export function labelsOf(object: unknown): Labels {
  return textsIn(recordIn(object, "metadata"), "labels")
}

/** A mapping of strings; what is no string is left out. */
export function textsIn(value: unknown, name: string): Labels {
  const texts: [string, string][] = []
  for (const [key, each] of Object.entries(recordIn(value, name))) {
    if (typeof each === "string") texts.push([key, each])
  }
  return shareLabels(Object.fromEntries(texts))
}

export function textListIn(value: unknown, name: string): readonly string[] {
  return listIn(value, name).filter((each) => typeof each === "string")
}

/** Canonical, as the API server reads it: old objects may have leading zeros, or IPv4 in the clothes of IPv6. */
function addressOf(text: string): string | undefined {
  const cidr = readCidr(`${text}/${text.includes(":") ? 128 : 32}`)
  return cidr?.text.slice(0, cidr.text.lastIndexOf("/"))
}

/** Each once; "" and "None" say that there is none. */
export function addressesOf(texts: readonly string[], field: string, mistake: Mistake): readonly string[] {
  const addresses = new Set<string>()
  for (const text of texts) {
    if (text === "" || text === "None") continue
    const address = addressOf(text)
    if (address === undefined) mistake(`${field}: ${JSON.stringify(text)} is no address`)
    else addresses.add(address)
  }
  return [...addresses]
}

export function cidrsOf(texts: readonly string[], field: string, mistake: Mistake): readonly string[] {
  const cidrs = new Set<string>()
  for (const text of texts) {
    if (text === "") continue
    const cidr = readCidr(text)
    if (cidr === undefined) mistake(`${field}: ${JSON.stringify(text)} is no CIDR`)
    else cidrs.add(cidr.text)
  }
  return [...cidrs]
}

export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535
}

/** A list's items that are mappings. */
export function recordsIn(value: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  return listIn(value, name).filter(isRecord)
}
