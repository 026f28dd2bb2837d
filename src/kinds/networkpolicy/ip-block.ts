// ipBlock (API server: ValidateIPBlock).
//
// The API server reads blocks sloppily (k8s.io/utils/net ParseCIDRSloppy): 010.1.1.1/8 and ::ffff:10.0.0.0/104
// are 10.0.0.0/8 to it, and something else to others. A file is refused for that; what a cluster has stored
// is enforced the way the cluster means it.

import { conforms, fieldOf, listIn } from "../../api/conforms.ts"
import { ipBlockSchema } from "../../api/networkpolicy.ts"
import { type Place, shown, tell, within } from "../../api/report.ts"
import { type Cidr, type Quirk, readCidr } from "../../compile/address-ranges.ts"
import type { AddressBlock } from "../../compile/policy-ir.ts"
import type { Source } from "../reading.ts"

/** Undefined where the block, or one of its excepts, cannot be read: it then matches nothing. */
export function readIpBlock(block: unknown, source: Source, place: Place): AddressBlock | undefined {
  const shaped = conforms(ipBlockSchema, block, place)
  const cidr = readBlock(fieldOf(block, "cidr"), source, within(place, "cidr"))
  const excepts = within(place, "except")
  const except = listIn(block, "except").map((text, i) => {
    const place = within(excepts, i)
    return partOf(cidr, readBlock(text, source, place), place)?.text
  })
  if (!shaped || cidr === undefined) return undefined
  return except.every((text) => text !== undefined) ? { cidr: cidr.text, except } : undefined
}

function partOf(cidr: Cidr | undefined, except: Cidr | undefined, place: Place): Cidr | undefined {
  if (except === undefined || cidr === undefined || isStrictPart(except, cidr)) return except
  tell(place, "exceptOutside", { value: except.text, cidr: cidr.text })
  return undefined
}

function isStrictPart(except: Cidr, cidr: Cidr): boolean {
  if (except.length <= cidr.length) return false
  const address = except.text.slice(0, except.text.indexOf("/"))
  return readCidr(`${address}/${cidr.length}`)?.text === cidr.text
}

function readBlock(text: unknown, source: Source, place: Place): Cidr | undefined {
  if (typeof text !== "string") return undefined
  const cidr = readCidr(text)
  if (cidr === undefined) {
    tell(place, "unreadableCidr", { value: shown(text) })
    return undefined
  }
  if (cidr.quirks.length > 0) {
    const why = cidr.quirks.map((quirk) => quirkWords[quirk]).join("; ")
    if (source === "file") {
      tell(place, "ambiguousCidr", { value: shown(text), why })
      return undefined
    }
    tell(place, "legacyCidr", { value: shown(text), canonical: cidr.text, why })
  } else if (cidr.hostBits) {
    tell(place, "hostBits", { value: shown(text), canonical: cidr.text })
  }
  return cidr
}

const quirkWords = {
  "leading-zeros": "leading zeros are octal to some and decimal to others",
  "ipv4-mapped": "an IPv4-mapped block is IPv4 to some and IPv6 to others",
} as const satisfies Record<Quirk, string>
