// IPv6 addresses as numbers, four of 32 bits: what raw payload matches and range ends are computed on.

/** An IPv6 address as four 32-bit numbers. */
export function words(address: string): readonly number[] {
  const [head = "", tail] = address.split("::")
  const left = groupsOf(head)
  const right = groupsOf(tail ?? "")
  const groups =
    tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return [0, 2, 4, 6].map((at) => (groups[at] ?? 0) * 0x10000 + (groups[at + 1] ?? 0))
}

/** Hexadecimal groups; a last part in IPv4's notation is two of them. */
function groupsOf(text: string): readonly number[] {
  return text
    .split(":")
    .filter((part) => part !== "")
    .flatMap((part) => {
      if (!part.includes(".")) return [Number.parseInt(part, 16)]
      const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number)
      return [a * 256 + b, c * 256 + d]
    })
}
