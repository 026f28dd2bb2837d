// Addresses outside as two moments see them: cut wherever one of them has a cut.

import { parseAddress } from "../compile/address-ranges.ts"
import type { AddressFamily } from "../compile/snapshot.ts"
import type { AddressRun } from "./cluster-view.ts"

/** Addresses that are in one run before, and in one after. */
export interface AddressPiece {
  readonly family: AddressFamily
  readonly from: string
  readonly to: string
  /** Undefined where that moment has no addresses of the family. */
  readonly before: AddressRun | undefined
  readonly after: AddressRun | undefined
}

/** In order, without gaps in a family. */
export function addressPieces(
  before: readonly AddressRun[],
  after: readonly AddressRun[],
): readonly AddressPiece[] {
  return (["IPv4", "IPv6"] as const).flatMap((family) => {
    const of = (runs: readonly AddressRun[]) => runs.filter(({ place }) => place.family === family)
    return piecesOfFamily(family, of(before), of(after))
  })
}

function piecesOfFamily(
  family: AddressFamily,
  before: readonly AddressRun[],
  after: readonly AddressRun[],
): readonly AddressPiece[] {
  const pieces: AddressPiece[] = []
  let [i, j] = [0, 0]
  let from = before[0]?.from ?? after[0]?.from
  while (from !== undefined) {
    const [was, is] = [before[i], after[j]]
    const order = was === undefined ? 1 : is === undefined ? -1 : compare(was.to, is.to)
    const to = (order <= 0 ? was : is)?.to
    if (to === undefined) break
    pieces.push({ family, from, to, before: was, after: is })
    if (order <= 0) i += 1
    if (order >= 0) j += 1
    // The run that ends later goes on; where both end, the next of either begins.
    from = order < 0 ? before[i]?.from : order > 0 ? after[j]?.from : before[i]?.from
  }
  return pieces
}

function compare(a: string, b: string): number {
  const [left, right] = [valueOf(a), valueOf(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** A bound may be IPv4-mapped, which is no address that parseAddress takes: its tail is dotted then. */
function valueOf(text: string): number | bigint {
  const address = parseAddress(text)
  if (address !== undefined) return address.value
  const tail = parseAddress(text.slice(text.lastIndexOf(":") + 1))
  return (0xffffn << 32n) + BigInt(tail?.value ?? 0)
}
