import { expect, test } from "vitest"
import { codeOf, NftError, type NftErrorCode, parsedIndexOf } from "../src/errors.ts"
import type { Command } from "../src/schema.ts"

const ERROR = "internal:0:0-0: Error: "

// What nft 1.0.6 printed on Linux 6.18 with LC_ALL=C; the last rows are from the sources of 1.1.
test.for<readonly [NftErrorCode, string, string]>([
  [
    "not-found",
    "deleting a missing element",
    `${ERROR}Could not process rule: No such file or directory\n\n`,
  ],
  [
    "not-found",
    "a missing table",
    `${ERROR}No such file or directory; did you mean table 't' in family inet?\n\n`,
  ],
  ["not-found", "deleting from an interval set", `${ERROR}element does not exist\n\n`],
  [
    "not-found",
    "native syntax",
    "/dev/stdin:1:27-33: Error: Could not process rule: No such file or directory\n",
  ],
  ["exists", "creating what is there", `${ERROR}Could not process rule: File exists\n\n`],
  ["busy", "deleting a chain in use", `${ERROR}Could not process rule: Device or resource busy\n\n`],
  [
    "full",
    "a set that has reached its size",
    `${ERROR}Could not process rule: Too many open files in system\n\n`,
  ],
  ["overlap", "an interval inside another", `${ERROR}interval overlaps with an existing one\n\n`],
  ["overlap", "intervals of one command", `${ERROR}conflicting intervals specified\n\n`],
  [
    "syntax",
    "an unknown statement",
    `${ERROR}Unknown statement object 'foo'.\n\n${ERROR}Parsing expr array at index 0 failed.\n`,
  ],
  [
    "syntax",
    "a property too many",
    `${ERROR}Malformed object (too many properties): '{"accept": 1, "drop": 2}'.\n`,
  ],
  ["syntax", "a property too few", "/dev/stdin:1:4-4: Error: Object item not found: name\n\n"],
  ["syntax", "a list instead of an object", "/dev/stdin:1:1-1: Error: Expected object, got array\n\n"],
  ["syntax", "a set's type", `${ERROR}Invalid datatype 'banana'.\n\n`],
  [
    "syntax",
    "an address that is none",
    `${ERROR}Could not resolve hostname: Temporary failure in name resolution\n\n`,
  ],
  [
    "syntax",
    "a service that is none",
    `${ERROR}Could not resolve service: Servname not supported for ai_socktype\n\n`,
  ],
  ["syntax", "a port too high", `${ERROR}Service out of range\n\n`],
  ["syntax", "a family not said", `${ERROR}specify either ip or ip6 for address matching\n\n`],
  ["syntax", "two protocols", `${ERROR}conflicting protocols specified: udp vs. tcp\n\n`],
  [
    "syntax",
    "a set of another type",
    `${ERROR}datatype mismatch, expected internet network service, expression has type packet mark\n`,
  ],
  ["syntax", "a statement behind a verdict", `${ERROR}Statement after terminal statement has no effect\n\n`],
  ["syntax", "too many levels of chains", `${ERROR}Could not process rule: Too many links\n\n`],
  [
    "syntax",
    "a hook where the type is not possible",
    `${ERROR}Could not process rule: Operation not supported\n\n`,
  ],
  ["syntax", "a map's element without a value", `${ERROR}Could not process rule: Invalid argument\n\n`],
  ["syntax", "a name too long", `${ERROR}name too long, 256 characters maximum allowed\n\n`],
  [
    "syntax",
    "a rule of iptables-nft",
    `${ERROR}unsupported xtables compat expression, use iptables-nft with this ruleset\n`,
  ],
  [
    "too-large",
    "a message too long in a user namespace",
    "netlink: Error: Could not process rule: Message too long\n",
  ],
  [
    "too-large",
    "a socket buffer overflown",
    "netlink: Error: Could not process rule: No buffer space available\n",
  ],
  ["permission", "no right to change", `${ERROR}Could not process rule: Operation not permitted\n\n`],
  [
    "permission",
    "no right to list",
    "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed: Operation not permitted\n",
  ],
  [
    "unavailable",
    "a kernel without nf_tables",
    "Unable to initialize Netlink socket: Protocol not supported\n",
  ],
  ["unknown", "a comment too long", "netlink_linearize.c:1686: Memory allocation failure\n"],
  ["unknown", "nothing", ""],
  ["not-found", "1.1: a set", `${ERROR}No such file or directory; did you mean set 's' in table inet 't'?\n`],
  ["syntax", "1.1: a name that is not allowed", `${ERROR}Invalid chain name 'bad name'\n`],
])("%s: %s", ([code, , text]) => {
  expect(codeOf(text)).toBe(code)
})

test("of several errors the first that is understood decides", () => {
  expect(codeOf(`${ERROR}something new\n${ERROR}Could not process rule: File exists\n`)).toBe("exists")
})

test.for<readonly [string, string, number | undefined]>([
  [
    "a command that nft could not parse",
    `${ERROR}Parsing expr array at index 2 failed.\n\n${ERROR}Parsing command array at index 7 failed.\n`,
    7,
  ],
  ["a command that the kernel refused", `${ERROR}Could not process rule: File exists\n`, undefined],
])("position of %s", ([, text, index]) => {
  expect(parsedIndexOf(text)).toBe(index)
})

const command: Command = { delete: { table: { family: "inet", name: "t" } } }

test("an error says what failed, keeps nft's text, and names command and position", () => {
  const text = `${ERROR}Could not process rule: No such file or directory\n\n`
  const error = new NftError({ code: "not-found", text, command, index: 3 })
  expect(error.message).toBe(
    'nft: Could not process rule: No such file or directory: {"delete":{"table":{"family":"inet","name":"t"}}} (command 3)',
  )
  expect(error).toMatchObject({ name: "NftError", text, command, index: 3, applied: "nothing" })
  expect(error).toBeInstanceOf(Error)
})

test("a long command is cut in the message only", () => {
  const elem = Array.from({ length: 1000 }, (_, i) => i)
  const long: Command = { add: { element: { family: "inet", table: "t", name: "s", elem } } }
  const error = new NftError({ code: "exists", text: "", command: long, index: 0 })
  expect(error.message.length).toBeLessThan(300)
  expect(error.command).toBe(long)
})
