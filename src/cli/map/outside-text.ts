// Addresses outside of the cluster in few words: "every IPv4 address", "203.0.113.0/24", "IPv4 except 10.0.0.0/8".

import type { RangeEnd } from "../../analysis/end.ts"
import { type Address, formatAddress, parseAddress } from "../../compile/address-ranges.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"

/** Inclusive. */
interface Span {
  readonly from: bigint
  readonly to: bigint
}

const lastOf = { IPv4: 2n ** 32n - 1n, IPv6: 2n ** 128n - 1n } as const satisfies Record<
  AddressFamily,
  bigint
>

/** One line for each piece. A family that is complete is a line; both of them are one. */
export function outsideText(ranges: readonly RangeEnd[]): readonly string[] {
  const v4 = familyText("IPv4", spansOf("IPv4", ranges))
  const v6 = familyText("IPv6", spansOf("IPv6", ranges))
  const isEverything = v4[0] === everyAddress("IPv4") && v6[0] === everyAddress("IPv6")
  return isEverything ? ["every address"] : [...v4, ...v6]
}

function everyAddress(family: AddressFamily): string {
  return `every ${family} address`
}

function familyText(family: AddressFamily, spans: readonly Span[]): readonly string[] {
  if (spans.length === 0) return []
  const rest = complement(spans, lastOf[family])
  if (rest.length === 0) return [everyAddress(family)]
  const isMost = sizeOf(spans) > sizeOf(rest)
  return isMost
    ? [`${family} except`, ...rest.map((span) => spanText(family, span))]
    : spans.map((span) => spanText(family, span))
}

/** Sorted, disjoint, neighbours joined. */
function spansOf(family: AddressFamily, ranges: readonly RangeEnd[]): readonly Span[] {
  const spans = ranges
    .flatMap(({ from, to }) => {
      const [first, last] = [parseAddress(from), parseAddress(to)]
      if (first?.family !== family || last?.family !== family) return []
      return [{ from: BigInt(first.value), to: BigInt(last.value) }]
    })
    .toSorted((left, right) => (left.from < right.from ? -1 : 1))
  const joined: Span[] = []
  for (const span of spans) {
    const last = joined.at(-1)
    if (last === undefined || last.to + 1n < span.from) joined.push(span)
    else joined.splice(-1, 1, { from: last.from, to: span.to > last.to ? span.to : last.to })
  }
  return joined
}

function complement(spans: readonly Span[], last: bigint): readonly Span[] {
  const starts = [0n, ...spans.map(({ to }) => to + 1n)]
  const ends = [...spans.map(({ from }) => from - 1n), last]
  return starts.map((from, place) => ({ from, to: ends[place] ?? last })).filter(({ from, to }) => from <= to)
}

function sizeOf(spans: readonly Span[]): bigint {
  return spans.reduce((total, { from, to }) => total + to - from + 1n, 0n)
}

/** A CIDR where it is one. */
function spanText(family: AddressFamily, { from, to }: Span): string {
  const bits = family === "IPv4" ? 32 : 128
  const size = to - from + 1n
  const hostBits = size.toString(2).length - 1
  const isBlock = size === 2n ** BigInt(hostBits) && from % size === 0n
  const first = formatAddress(addressOf(family, from))
  if (isBlock) return hostBits === 0 ? first : `${first}/${bits - hostBits}`
  return `${first}-${formatAddress(addressOf(family, to))}`
}

function addressOf(family: AddressFamily, value: bigint): Address {
  return family === "IPv4" ? { family, value: Number(value) } : { family, value }
}
