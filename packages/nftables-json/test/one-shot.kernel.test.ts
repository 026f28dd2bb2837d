import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { NftError, type NftErrorCode } from "../src/errors.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Command, Expression, Statement, Transaction, Verdict } from "../src/schema.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

let namespace: NetworkNamespace
let command: readonly string[]

const IN_TABLE = { family: "inet", table: "t" } as const

const setUp: Transaction = [
  { add: { table: { family: "inet", name: "t" } } },
  { add: { chain: { ...IN_TABLE, name: "base", type: "filter", hook: "input", prio: 0 } } },
  { add: { chain: { ...IN_TABLE, name: "used" } } },
  addRule("base", { jump: { target: "used" } }),
  { add: { set: { ...IN_TABLE, name: "hash", type: "ipv4_addr" } } },
  { add: { set: { ...IN_TABLE, name: "small", type: "ipv4_addr", size: 1 } } },
  {
    add: {
      set: {
        ...IN_TABLE,
        name: "blocks",
        type: "ipv4_addr",
        flags: ["interval"],
        elem: [block("10.0.0.0", 8)],
      },
    },
  },
  {
    add: {
      map: {
        ...IN_TABLE,
        name: "map",
        type: "ipv4_addr",
        map: "verdict",
        elem: [["1.1.1.1", { drop: null }]],
      },
    },
  },
]

function addRule(chain: string, ...expr: readonly Statement[]): Command {
  return { add: { rule: { ...IN_TABLE, chain, expr } } }
}

function elements(name: string, ...elem: readonly (Expression | readonly [Expression, Verdict])[]) {
  return { element: { ...IN_TABLE, name, elem } }
}

function block(addr: string, len: number): Expression {
  return { prefix: { addr, len } }
}

beforeAll(() => {
  namespace = createNamespace()
  command = [...namespace.enter, "nft"]
})

beforeEach(async () => {
  namespace.run(["nft", "flush", "ruleset"])
  await createOneShot({ command }).run(setUp)
})

afterAll(() => {
  namespace.remove()
})

const harmless: readonly Command[] = [
  { add: elements("hash", "9.9.9.9") },
  { add: { chain: { ...IN_TABLE, name: "new" } } },
  addRule("new", { counter: null }, { accept: null }),
]

test.for<readonly [NftErrorCode, string, Command]>([
  ["not-found", "a missing table", { delete: { table: { family: "inet", name: "missing" } } }],
  ["not-found", "a missing set", { add: elements("missing", "1.1.1.1") }],
  ["not-found", "a missing element", { delete: elements("hash", "1.2.3.4") }],
  ["not-found", "a missing interval", { delete: elements("blocks", "1.2.3.4") }],
  ["not-found", "a jump to a missing chain", addRule("base", { jump: { target: "missing" } })],
  [
    "not-found",
    "a missing rule",
    { delete: { rule: { ...IN_TABLE, chain: "base", handle: 999, expr: [] } } },
  ],
  ["not-found", "flushing a missing chain", { flush: { chain: { ...IN_TABLE, name: "missing" } } }],
  ["exists", "a table created twice", { create: { table: { family: "inet", name: "t" } } }],
  ["exists", "a key with another verdict", { add: elements("map", ["1.1.1.1", { accept: null }]) }],
  ["exists", "a set of another type", { add: { set: { ...IN_TABLE, name: "hash", type: "ipv6_addr" } } }],
  ["busy", "a chain in use", { delete: { chain: { ...IN_TABLE, name: "used" } } }],
  ["full", "a set that is full", { add: elements("small", "1.1.1.1", "1.1.1.2") }],
  ["overlap", "a block inside another", { add: elements("blocks", block("10.1.0.0", 16)) }],
  ["syntax", "an address that is none", { add: elements("hash", "banana") }],
  ["syntax", "a statement that nft does not know", addRule("base", { flow: { op: "banana" } })],
  ["syntax", "a loop of chains", addRule("used", { jump: { target: "used" } })],
  ["syntax", "another type of value", { add: elements("hash", 70_000_000_000) }],
])("%s: %s is refused, and named among its neighbours", async ([code, , faulty]) => {
  const nft = createOneShot({ command })
  const before = namespace.run(["nft", "list", "ruleset"])
  for (const index of [0, 1, 3]) {
    const transaction = [...harmless.slice(0, index), faulty, ...harmless.slice(index)]
    const error = await nft.run(transaction).catch((refusal: unknown) => refusal)
    expect(error).toBeInstanceOf(NftError)
    expect(error).toMatchObject({ code, index, command: faulty, applied: "nothing" })
  }
  expect(namespace.run(["nft", "list", "ruleset"])).toBe(before)
})

test("of several refused commands the first is named", async () => {
  const faulty: Command = { delete: elements("hash", "1.2.3.4") }
  const used: Command = { delete: { chain: { ...IN_TABLE, name: "used" } } }
  const outcome = createOneShot({ command }).run([...harmless, used, faulty])
  await expect(outcome).rejects.toMatchObject({ code: "busy", index: 3, command: used })
})

test("a command that fails for what a command before it did", async () => {
  const outcome = createOneShot({ command }).run([
    { add: elements("hash", "5.5.5.5") },
    { delete: elements("hash", "5.5.5.5") },
    { delete: elements("hash", "5.5.5.5") },
  ])
  await expect(outcome).rejects.toMatchObject({ code: "not-found", index: 2 })
})

test("ten thousand commands, one of them refused", async () => {
  const many = Array.from(
    { length: 10_000 },
    (_, i): Command => ({ add: elements("hash", `10.1.${i >> 8}.${i & 255}`) }),
  )
  const faulty: Command = { delete: elements("hash", "1.2.3.4") }
  const outcome = createOneShot({ command }).run(many.with(6_543, faulty))
  await expect(outcome).rejects.toMatchObject({ code: "not-found", index: 6_543, command: faulty })
})

test("a refusal that overflows nft's socket buffer is asked again in smaller pieces", async () => {
  const addresses = Array.from({ length: 30_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  const nft = createOneShot({ command })
  await nft.run([{ add: elements("hash", ...addresses) }])
  const again: Command = { create: elements("hash", ...addresses) }
  const outcome = nft.run([{ add: elements("hash", "9.9.9.9") }, again])
  await expect(outcome).rejects.toMatchObject({ code: "exists", index: 1, command: again })
})

test.for<readonly [string, Parameters<ReturnType<typeof createOneShot>["list"]>[0], readonly string[]]>([
  ["everything", undefined, ["metainfo", "table", "set", "set", "set", "map", "chain", "chain", "rule"]],
  [
    "a table",
    { kind: "table", family: "inet", name: "t" },
    ["metainfo", "table", "set", "set", "set", "map", "chain", "chain", "rule"],
  ],
  ["tables", { kind: "tables" }, ["metainfo", "table"]],
  ["chains", { kind: "chains" }, ["metainfo", "chain", "chain"]],
  ["a set", { kind: "set", ...IN_TABLE, name: "hash" }, ["metainfo", "set"]],
  ["a map", { kind: "map", ...IN_TABLE, name: "map" }, ["metainfo", "map"]],
  ["a chain", { kind: "chain", ...IN_TABLE, name: "base" }, ["metainfo", "chain", "rule"]],
])("lists %s", async ([, scope, kinds]) => {
  const listed = await createOneShot({ command }).list(scope)
  expect(listed.map((object) => Object.keys(object)[0])).toEqual(kinds)
})

test("listing what is not there is not-found", async () => {
  const listed = createOneShot({ command }).list({ kind: "set", ...IN_TABLE, name: "missing" })
  await expect(listed).rejects.toMatchObject({ code: "not-found" })
})

test("a name in a scope is a name, never syntax", async () => {
  const listed = createOneShot({ command }).list({ kind: "table", family: "inet", name: "t; flush ruleset" })
  await expect(listed).rejects.toMatchObject({ code: "not-found" })
  expect(namespace.run(["nft", "list", "tables"])).toContain("table inet t")
})

test("a listing longer than allowed is refused, not read", async () => {
  const listed = createOneShot({ command, maxBytes: 300 }).list()
  await expect(listed).rejects.toMatchObject({ code: "too-large" })
})

test("an empty transaction does nothing and needs nothing", async () => {
  await expect(createOneShot({ command: ["nft-that-is-not-there"] }).run([])).resolves.toBeUndefined()
})

test("without nft the error says so", async () => {
  const nft = createOneShot({ command: ["nft-that-is-not-there"] })
  await expect(nft.run(harmless)).rejects.toMatchObject({ code: "unavailable", applied: "nothing" })
  await expect(nft.list()).rejects.toMatchObject({ code: "unavailable" })
})

test.for<readonly [string, readonly string[], NftErrorCode, "nothing" | "unknown", number]>([
  [
    "has not the right",
    ["setpriv", "--reuid=65534", "--clear-groups", "nft"],
    "permission",
    "nothing",
    60_000,
  ],
  ["does not answer", ["sh", "-c", "exec sleep 1000"], "unavailable", "unknown", 300],
  ["is killed", ["sh", "-c", "kill -9 $$"], "unknown", "unknown", 60_000],
])("nft that %s", async ([, words, code, applied, timeoutMs]) => {
  const nft = createOneShot({ command: [...namespace.enter, ...words], timeoutMs })
  await expect(nft.run(harmless)).rejects.toMatchObject({ code, applied })
  await expect(nft.list()).rejects.toMatchObject({ code })
})
