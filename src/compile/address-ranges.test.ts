import * as fc from "fast-check"
import ipaddr from "ipaddr.js"
import { describe, expect, test } from "vitest"
import {
  canonicalAddress,
  contains,
  familyOf,
  formatAddress,
  parseAddress,
  parseCidr,
  prefixLengthOf,
  readCidr,
  unionOfBlocks,
} from "./address-ranges.ts"
import type { AddressBlock } from "./policy-ir.ts"

describe("an address", () => {
  test.for<[string, string, string | undefined]>([
    ["IPv4 stays as it is", "10.0.0.1", "10.0.0.1"],
    ["the highest IPv4 address is read", "255.255.255.255", "255.255.255.255"],
    ["a leading zero is refused: it is octal to some readers", "010.1.1.1", undefined],
    ["a lone zero is no leading zero", "0.0.0.0", "0.0.0.0"],
    ["an octet over 255 is refused", "10.0.0.256", undefined],
    ["three octets are refused", "10.0.1", undefined],
    ["an empty octet is refused", "10..0.1", undefined],
    ["a sign is refused", "10.0.0.-1", undefined],
    ["space is refused", " 10.0.0.1", undefined],
    ["hexadecimal is refused", "0x0a.0.0.1", undefined],
    ["empty text is refused", "", undefined],
    ["IPv6 is lowered and shortened", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["the first of the longest zero runs is shortened", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["of two equal runs the first is shortened", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["one zero group is not shortened", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["the unspecified address is read", "::", "::"],
    ["an embedded IPv4 address is read", "64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["IPv4-mapped is refused", "::ffff:10.0.0.1", undefined],
    ["IPv4-mapped in groups is refused", "::ffff:a00:1", undefined],
    ["a zone is refused", "fe80::1%eth0", undefined],
    ["two shortenings are refused", "1::2::3", undefined],
    ["a shortening of nothing is refused", "1:2:3:4::5:6:7:8", undefined],
    ["nine groups are refused", "1:2:3:4:5:6:7:8:9", undefined],
    ["a group of five digits is refused", "::00001", undefined],
    ["a lone colon at an end is refused", "1:2:3:4:5:6:7:", undefined],
    ["brackets are refused", "[::1]", undefined],
  ])("%s", ([, text, expected]) => {
    expect(canonicalAddress(text)).toBe(expected)
  })

  // Oracles: ipaddr.js for IPv4; the WHATWG URL parser for IPv6, where ipaddr.js takes ::1.2.3.4 for a mapped one.
  const expected = (text: string) => {
    if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? text : undefined
    const host = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1)
    return host?.startsWith("::ffff:") === true && host.split(":").length === 5 ? undefined : host
  }

  test("what is read, and its canonical text, is what other readers say, but for IPv4-mapped ones", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
        expect(canonicalAddress(text)).toBe(expected(text))
      }),
      { numRuns: 4000 },
    )
  })

  test("canonical text is read back to itself, and its family is plain from its form", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = canonicalAddress(text) ?? "::"
        expect(canonicalAddress(canonical)).toBe(canonical)
        expect(familyOf(canonical)).toBe(parseAddress(canonical)?.family)
      }),
      { numRuns: 2000 },
    )
  })
})

describe("a CIDR", () => {
  test.for<[string, string, string | undefined, boolean]>([
    ["is read", "10.0.0.0/8", "10.0.0.0/8", false],
    ["with host bits is masked and reported", "10.0.0.5/8", "10.0.0.0/8", true],
    ["of one address has no host bits", "10.0.0.5/32", "10.0.0.5/32", false],
    ["of everything is read", "0.0.0.0/0", "0.0.0.0/0", false],
    ["of everything masks an address", "1.2.3.4/0", "0.0.0.0/0", true],
    ["of IPv6 is read", "2001:DB8::/32", "2001:db8::/32", false],
    ["of IPv6 is masked", "2001:db8::1/32", "2001:db8::/32", true],
    ["of all IPv6 is read", "::/0", "::/0", false],
    ["without a length is refused", "10.0.0.0", undefined, false],
    ["with an empty length is refused", "10.0.0.0/", undefined, false],
    ["with a length over 32 is refused", "10.0.0.0/33", undefined, false],
    ["with a length over 128 is refused", "::/129", undefined, false],
    ["with a leading zero in the length is refused", "10.0.0.0/08", undefined, false],
    ["with a leading zero is refused", "010.0.0.0/8", undefined, false],
    ["that is IPv4-mapped is refused", "::ffff:10.0.0.0/104", undefined, false],
    ["with a mask is refused", "10.0.0.0/255.0.0.0", undefined, false],
    ["with two slashes is refused", "10.0.0.0/8/8", undefined, false],
    ["without an address is refused", "/8", undefined, false],
  ])("%s", ([, text, expected, hostBits]) => {
    const cidr = parseCidr(text)
    expect([cidr?.text, cidr?.hostBits ?? false]).toStrictEqual([expected, hostBits])
  })

  test.for<[string, string, string, readonly string[]]>([
    ["leading zeros are decimal", "010.1.0.0/16", "10.1.0.0/16", ["leading-zeros"]],
    ["a leading zero in the length is decimal", "10.0.0.0/08", "10.0.0.0/8", ["leading-zeros"]],
    ["an IPv4-mapped network is IPv4", "::ffff:10.0.0.0/104", "10.0.0.0/8", ["ipv4-mapped"]],
    ["a short IPv4-mapped network is IPv6", "::ffff:10.0.0.0/64", "::/64", ["ipv4-mapped"]],
    ["both at once are named", "::ffff:010.0.0.0/104", "10.0.0.0/8", ["leading-zeros", "ipv4-mapped"]],
    ["a long group is read", "00002001::/16", "2001::/16", ["leading-zeros"]],
  ])("as the API server reads it: %s", ([, text, expected, quirks]) => {
    const cidr = readCidr(text)
    expect([cidr?.text, [...(cidr?.quirks ?? [])].sort()]).toStrictEqual([expected, [...quirks].sort()])
  })
})

describe("a union of blocks", () => {
  const range = (from: string, to: string) => ({ from, to })

  test.for<[string, readonly AddressBlock[], ReturnType<typeof unionOfBlocks>]>([
    ["of nothing is nothing", [], { v4: [], v6: [] }],
    [
      "merges what overlaps",
      [block("10.0.0.0/8"), block("10.1.0.0/16")],
      { v4: [range("10.0.0.0", "10.255.255.255")], v6: [] },
    ],
    [
      "merges what is adjacent",
      [block("10.0.0.0/9"), block("10.128.0.0/9")],
      { v4: [range("10.0.0.0", "10.255.255.255")], v6: [] },
    ],
    [
      "cuts an except out of its block",
      [block("10.0.0.0/8", "10.1.0.0/16")],
      { v4: [range("10.0.0.0", "10.0.255.255"), range("10.2.0.0", "10.255.255.255")], v6: [] },
    ],
    [
      "lets another block allow an excepted range again",
      [block("10.0.0.0/8", "10.1.0.0/16"), block("10.1.2.0/24")],
      {
        v4: [
          range("10.0.0.0", "10.0.255.255"),
          range("10.1.2.0", "10.1.2.255"),
          range("10.2.0.0", "10.255.255.255"),
        ],
        v6: [],
      },
    ],
    [
      "is empty where excepts cover the block",
      [block("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9")],
      { v4: [], v6: [] },
    ],
    [
      "ignores an except beside the block",
      [block("10.0.0.0/8", "11.0.0.0/8")],
      { v4: [range("10.0.0.0", "10.255.255.255")], v6: [] },
    ],
    [
      "keeps the families apart",
      [block("0.0.0.0/0"), block("::/0", "::ffff:0:0/96")],
      {
        v4: [range("0.0.0.0", "255.255.255.255")],
        v6: [range("::", "::fffe:ffff:ffff"), range("::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")],
      },
    ],
    [
      "reaches both ends of a family",
      [block("0.0.0.0/32"), block("255.255.255.255/32")],
      { v4: [range("0.0.0.0", "0.0.0.0"), range("255.255.255.255", "255.255.255.255")], v6: [] },
    ],
  ])("%s", ([, blocks, expected]) => {
    expect(unionOfBlocks(blocks)).toStrictEqual(expected)
  })

  // A naive oracle: ipaddr.js matches one address against each block and its excepts.
  const held = (blocks: readonly AddressBlock[], address: string) =>
    blocks.some(
      (each) => inCidr(address, each.cidr) && !each.except.some((except) => inCidr(address, except)),
    )

  test("holds an address exactly if a block holds it and none of that block's excepts does", () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryBlock, { maxLength: 6 }),
        fc.array(arbitraryAddress, { minLength: 1 }),
        (blocks, addresses) => {
          const ranges = unionOfBlocks(blocks)
          for (const address of [...addresses, ...edges(ranges)]) {
            expect([address, contains(ranges, address)]).toStrictEqual([address, held(blocks, address)])
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test("is sorted, disjoint, never adjacent, and the same for every order of the blocks", () => {
    fc.assert(
      fc.property(fc.array(arbitraryBlock, { maxLength: 6 }), (blocks) => {
        const ranges = unionOfBlocks(blocks)
        expect(unionOfBlocks(blocks.toReversed())).toStrictEqual(ranges)
        for (const list of [ranges.v4, ranges.v6]) {
          const bounds = list.map(({ from, to }) => [numberOf(from), numberOf(to)] as const)
          for (const [from, to] of bounds) expect(from <= to).toBe(true)
          for (const [i, [from]] of bounds.entries()) {
            const before = bounds[i - 1]?.[1] ?? -2n
            expect(before + 1n < from).toBe(true)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test.for<[string, string, string, number | undefined]>([
    ["one address", "10.0.0.1", "10.0.0.1", 32],
    ["an aligned block", "10.0.0.0", "10.0.0.255", 24],
    ["a block that is not aligned", "10.0.0.128", "10.0.1.127", undefined],
    ["a range of three", "10.0.0.0", "10.0.0.2", undefined],
    ["everything", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0],
  ])("prefix length: %s", ([, from, to, expected]) => {
    expect(prefixLengthOf({ from, to })).toBe(expected)
  })
})

function block(cidr: string, ...except: string[]): AddressBlock {
  return { cidr, except }
}

// Few distinct bits, so that blocks meet, nest and touch.
const v4Value = fc
  .tuple(
    fc.constantFrom(0, 10, 255),
    fc.constantFrom(0, 1, 255),
    fc.constantFrom(0, 128),
    fc.constantFrom(0, 1, 255),
  )
  .map((octets) => octets.join("."))
const v6Value = fc
  .tuple(
    fc.constantFrom("2001", "fd00", "ffff", "0"),
    fc.constantFrom("0", "1", "8000", "ffff"),
    fc.constantFrom("0", "1", "ffff"),
  )
  .map(([a, b, c]) => `${a}:${b}:0:0:0:0:0:${c}`)
const arbitraryAddress = fc.oneof(v4Value, v6Value)
const arbitraryCidr = fc.oneof(
  fc
    .tuple(v4Value, fc.constantFrom(0, 1, 8, 15, 16, 17, 24, 31, 32))
    .map(([address, length]) => masked(address, length)),
  fc
    .tuple(v6Value, fc.constantFrom(0, 1, 16, 17, 32, 127, 128))
    .map(([address, length]) => masked(address, length)),
)
const arbitraryBlock: fc.Arbitrary<AddressBlock> = fc.record({
  cidr: arbitraryCidr,
  except: fc.array(arbitraryCidr, { maxLength: 3 }),
})

function masked(address: string, length: number): string {
  const cidr = parseCidr(`${address}/${length}`)
  if (cidr === undefined) throw new Error(`${address}/${length}`)
  return cidr.text
}

function inCidr(address: string, cidr: string): boolean {
  const [network, length] = ipaddr.parseCIDR(cidr)
  const parsed = ipaddr.parse(address)
  return parsed.kind() === network.kind() && parsed.match([network, length])
}

function numberOf(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
}

function edges(ranges: ReturnType<typeof unionOfBlocks>): string[] {
  const beside = (text: string, top: bigint) => {
    const value = numberOf(text)
    return [value - 1n, value, value + 1n].filter((each) => each >= 0n && each <= top)
  }
  const v4 = ranges.v4.flatMap(({ from, to }) => [from, to]).flatMap((text) => beside(text, 2n ** 32n - 1n))
  const v6 = ranges.v6.flatMap(({ from, to }) => [from, to]).flatMap((text) => beside(text, 2n ** 128n - 1n))
  return [
    ...v4.map((value) => formatAddress({ family: "IPv4", value: Number(value) })),
    ...v6.map((value) => formatAddress({ family: "IPv6", value })),
  ].filter((text) => parseAddress(text) !== undefined)
}
