// ipBlock (API server: ValidateIPBlock).
//
// The API server reads blocks sloppily (k8s.io/utils/net ParseCIDRSloppy): 010.1.1.1/8 and ::ffff:10.0.0.0/104
// are 10.0.0.0/8 to it, and something else to others. A file is refused for that; what a cluster has stored
// is enforced the way the cluster means it.

import { conforms, fieldOf, listIn } from "../../api/conforms.ts"
import { ipBlockSchema } from "../../api/networkpolicy.ts"
import { shown } from "../../api/report.ts"
import { type Cidr, type Quirk, readCidr } from "../../compile/address-ranges.ts"
import type { AddressBlock } from "../../compile/policy-ir.ts"
import { type At, under } from "../reading.ts"

/** Undefined where the block, or one of its excepts, cannot be read: it then matches nothing. */
export function readIpBlock(source: unknown, place: At): AddressBlock | undefined {
  const shaped = conforms(ipBlockSchema, source, place)
  const cidr = readBlock(fieldOf(source, "cidr"), under(place, "cidr"))
  const texts = listIn(source, "except").map(
    (text, i) => readExcept(text, cidr, under(place, "except", i))?.text,
  )
  if (!shaped || cidr === undefined) return undefined
  return texts.every((text) => text !== undefined) ? { cidr: cidr.text, except: texts } : undefined
}

function readExcept(text: unknown, cidr: Cidr | undefined, place: At): Cidr | undefined {
  const except = readBlock(text, place)
  if (except === undefined || cidr === undefined) return except
  if (isStrictPart(except, cidr)) return except
  place.report("exceptOutside", { value: shown(text), cidr: cidr.text }, place.at)
  return undefined
}

function isStrictPart(except: Cidr, cidr: Cidr): boolean {
  if (except.family !== cidr.family || except.length <= cidr.length) return false
  const address = except.text.slice(0, except.text.indexOf("/"))
  return readCidr(`${address}/${cidr.length}`)?.text === cidr.text
}

function readBlock(text: unknown, { report, source, at }: At): Cidr | undefined {
  if (typeof text !== "string") return undefined
  const cidr = readCidr(text)
  if (cidr === undefined) {
    report("unreadableCidr", { value: shown(text) }, at)
    return undefined
  }
  if (cidr.quirks.length > 0) {
    const why = cidr.quirks.map((quirk) => quirkWords[quirk]).join("; ")
    if (source === "file") {
      report("ambiguousCidr", { value: shown(text), why }, at)
      return undefined
    }
    report("legacyCidr", { value: shown(text), canonical: cidr.text, why }, at)
  } else if (cidr.hostBits) {
    report("hostBits", { value: shown(text), canonical: cidr.text }, at)
  }
  return cidr
}

const quirkWords = {
  "leading-zeros": "leading zeros are octal to some and decimal to others",
  "ipv4-mapped": "an IPv4-mapped block is IPv4 to some and IPv6 to others",
} as const satisfies Record<Quirk, string>
