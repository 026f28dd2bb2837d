// IPv4, IPv6 and link-layer addresses as numbers and back, in the text form that nft prints.

/** undefined where the text is no dotted quad. */
export function readIpv4(text: string): bigint | undefined {
  const parts = text.split(".")
  if (parts.length !== 4) return undefined
  let value = 0
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined
    value = value * 256 + Number(part)
  }
  return BigInt(value)
}

export function writeIpv4(value: bigint): string {
  const number = Number(value)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".")
}

/** undefined where the text is no IPv6 address. */
export function readIpv6(text: string): bigint | undefined {
  const groups = readGroups(text)
  if (groups === undefined) return undefined
  // Two at a time: 32 bits are exact in a number, and four additions of big integers are cheaper than eight.
  return [0, 2, 4, 6].reduce(
    (value, i) => (value << 32n) | BigInt((groups[i] ?? 0) * 65536 + (groups[i + 1] ?? 0)),
    0n,
  )
}

/** As glibc's inet_ntop: the longest run of zero groups is "::", addresses that embed IPv4 end in a quad. */
export function writeIpv6(value: bigint): string {
  return writeGroups(Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn)))
}

/** The canonical text of an IPv6 address; without big integers, for sets of many. */
export function canonicalIpv6(text: string): string | undefined {
  const groups = readGroups(text)
  return groups === undefined ? undefined : writeGroups(groups)
}

/** Ethernet addresses, with or without leading zeros. */
export function canonicalEther(text: string): string | undefined {
  const parts = text.toLowerCase().split(":")
  const isAddress = parts.length === 6 && parts.every((part) => /^[0-9a-f]{1,2}$/.test(part))
  return isAddress ? parts.map((part) => part.padStart(2, "0")).join(":") : undefined
}

function readGroups(text: string): readonly number[] | undefined {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const head = readHalf(halves[0] ?? "")
  const tail = halves[1] === undefined ? [] : readHalf(halves[1])
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1) return missing === 0 ? head : undefined
  if (missing < 1) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function readHalf(text: string): readonly number[] | undefined {
  if (text === "") return []
  const groups: number[] = []
  const parts = text.split(":")
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const quad = i === parts.length - 1 ? readIpv4(part) : undefined
    if (quad === undefined) return undefined
    groups.push(Number(quad >> 16n), Number(quad & 0xffffn))
  }
  return groups
}

function writeGroups(groups: readonly number[]): string {
  const { start, length } = longestZeroRun(groups)
  const embedsIpv4 = start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))
  if (embedsIpv4) {
    const quad = writeIpv4(BigInt((groups[6] ?? 0) * 65536 + (groups[7] ?? 0)))
    return length === 6 ? `::${quad}` : `::ffff:${quad}`
  }
  if (length < 2) return groups.map(hex).join(":")
  return `${groups.slice(0, start).map(hex).join(":")}::${groups
    .slice(start + length)
    .map(hex)
    .join(":")}`
}

function hex(group: number): string {
  return group.toString(16)
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i + 1 - length, length }
  }
  return best
}
