// Why an ipBlock does not hold an end, and what was decided without knowing its address.

import { blockHolds, blockTouches, parseBlock } from "./address.ts"
import type { Address, Endpoint } from "./judge.ts"
import { ipBlockHolds } from "./networkpolicy-matching.ts"
import { field, items, text } from "./raw.ts"
import { addressText, endpointText } from "./words.ts"

export function ipBlockMiss(
  ipBlock: unknown,
  peer: Endpoint,
): { readonly text: string; readonly near: boolean } {
  const cidr = text(field(ipBlock, "cidr"))
  const block = parseBlock(cidr)
  if (block === null) return { text: `"${cidr}" is no address block and holds nothing`, near: false }
  const who = whose(peer)
  if (block.family !== peer.address.family) {
    return { text: `${cidr} is ${block.family} and does not hold ${who}`, near: false }
  }
  if (!blockHolds(block, peer.address)) return { text: `${cidr} does not hold ${who}`, near: false }
  const excepts = items(field(ipBlock, "except")).map(text)
  const taking = excepts.find((except) => touches(except, peer.address))
  return {
    text: `${cidr} holds ${who}, but its except ${taking ?? excepts.join(", ")} takes it out`,
    near: true,
  }
}

/** A block of the right family was asked about an address that nobody knows; null where that did not happen. */
export function ipBlockAssumption(ipBlock: unknown, peer: Endpoint): string | null {
  const cidr = text(field(ipBlock, "cidr"))
  if (peer.address.kind === "known" || !touches(cidr, peer.address)) return null
  const could = `it could have ${addressText(peer.address)}`
  const answer = ipBlockHolds(ipBlock, peer.address)
    ? `${cidr} holds all of that`
    : `${cidr} does not hold all of that, so it counts as not held`
  return `the address of ${endpointText(peer)} is not known: ${could}; ${answer}`
}

function whose(peer: Endpoint): string {
  if (peer.address.kind !== "known") return `every address that ${endpointText(peer)} could have`
  const address = addressText(peer.address)
  return peer.kind === "outside" ? address : `${address} of ${endpointText(peer)}`
}

function touches(cidr: string, address: Address): boolean {
  const block = parseBlock(cidr)
  return block !== null && blockTouches(block, address)
}
