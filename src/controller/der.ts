// DER (X.690), the little of it that certificates are written in.

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

function tagged(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content])
}

function length(count: number): Buffer {
  if (count < 0x80) return Buffer.from([count])
  const hex = count.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex")
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(TAG.sequence, Buffer.concat(parts))
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return tagged(TAG.set, Buffer.concat(parts))
}

/** A non-negative integer, most significant byte first. */
export function integer(value: Uint8Array): Buffer {
  const first = value.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Buffer.from([0]) : value.subarray(first)
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0
  return tagged(TAG.integer, isNegative ? Buffer.concat([Buffer.from([0]), digits]) : digits)
}

export function boolean(value: boolean): Buffer {
  return tagged(TAG.boolean, Buffer.from([value ? 0xff : 0]))
}

export function octets(content: Uint8Array): Buffer {
  return tagged(TAG.octetString, content)
}

/** `unused` bits at the end of the last byte count for nothing. */
export function bits(content: Uint8Array, unused = 0): Buffer {
  return tagged(TAG.bitString, Buffer.concat([Buffer.from([unused]), content]))
}

export function text(value: string): Buffer {
  return tagged(TAG.utf8String, Buffer.from(value, "utf8"))
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  return tagged(TAG.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** RFC 5280, 4.1.2.5: two digits for the year up to 2049. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, "")
  return date.getUTCFullYear() < 2050
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2), "ascii"))
    : tagged(TAG.generalizedTime, Buffer.from(digits, "ascii"))
}

/** [tag] EXPLICIT, or IMPLICIT of a constructed type. */
export function constructed(tag: number, content: Uint8Array): Buffer {
  return tagged(0xa0 | tag, content)
}

/** [tag] IMPLICIT of a primitive type. */
export function primitive(tag: number, content: Uint8Array): Buffer {
  return tagged(0x80 | tag, content)
}
