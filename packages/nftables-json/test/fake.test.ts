import { describe, expect, test } from "vitest"
import { createFake } from "../src/fake.ts"
import { normalize } from "../src/normalize.ts"
import {
  accept,
  add,
  chain,
  elements,
  equals,
  goto,
  map,
  place,
  rule,
  set,
  source,
  table,
} from "./commands.ts"
import { BASE, checkContract } from "./contract.ts"

describe("the fake keeps the contract", () => {
  checkContract(async () => createFake())
})

test("a dump parses into a fake with the same content", async () => {
  const fake = createFake()
  await fake.run([
    ...BASE,
    ...add(elements("m", ["1.1.1.1", goto("c")]), rule("c", [equals(source, "@s")], { comment: "ü" })),
  ])
  const copy = createFake(fake.dump())
  expect(copy.dump()).toBe(fake.dump())
  expect(normalize(await copy.list())).toEqual(normalize(await fake.list()))
})

test("the dump keeps what nft does not print: comments of chains, auto-merge, names as written", async () => {
  const fake = createFake()
  const merged = set("i", { flags: ["interval"], "auto-merge": true })
  await fake.run(
    add(table, chain("c", { comment: "why" }), merged, set("n", { type: "inet_proto", elem: [6] })),
  )
  const dumped: unknown = JSON.parse(fake.dump())
  expect(dumped).toEqual({
    nftables: [table, merged, set("n", { type: "inet_proto", elem: [6] }), chain("c", { comment: "why" })],
  })
})

test("a listing is what nft prints: names, handles, zero counters, elements sorted", async () => {
  const fake = createFake()
  await fake.run(
    add(
      table,
      set("n", { type: "inet_proto", elem: [17, 6] }),
      chain("c"),
      rule("c", [{ counter: null }, accept]),
    ),
  )
  expect((await fake.list({ kind: "set", ...place, name: "n" })).slice(1)).toEqual([
    set("n", { type: "inet_proto", elem: ["tcp", "udp"], handle: 1 }),
  ])
  expect((await fake.list({ kind: "chain", ...place, name: "c" })).slice(1)).toEqual([
    chain("c", { handle: 2 }),
    rule("c", [{ counter: { packets: 0, bytes: 0 } }, accept], { handle: 3 }),
  ])
})

test("a listing of what is missing is refused as not found", async () => {
  const fake = createFake()
  await fake.run(BASE)
  await expect(fake.list({ kind: "chain", ...place, name: "x" })).rejects.toMatchObject({ code: "not-found" })
  await expect(fake.list({ kind: "map", ...place, name: "s" })).rejects.toMatchObject({ code: "not-found" })
  await expect(fake.list({ kind: "table", family: "ip", name: "t" })).rejects.toMatchObject({
    code: "not-found",
  })
})

test("a refusal names the command and leaves everything as it was", async () => {
  const fake = createFake()
  await fake.run(BASE)
  const before = fake.dump()
  const [good, bad] = add(elements("s", "9.9.9.9"), elements("m", ["1.1.1.1", goto("x")]))
  await expect(fake.run([good, bad].flatMap((each) => each ?? []))).rejects.toMatchObject({
    code: "not-found",
    command: bad,
    index: 1,
  })
  expect(fake.dump()).toBe(before)
})

test("a transaction on a map of 100,000 elements takes time for what changes, not for what is there", async () => {
  const fake = createFake()
  const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
  const all = Array.from({ length: 100_000 }, (_, i) => address(i))
  await fake.run(
    add(table, chain("c"), map("m"), elements("m", ...all.map((each) => [each, goto("c")] as const))),
  )
  const before = process.cpuUsage()
  for (let i = 0; i < 100; i++) await fake.run(add(elements("m", [address(200_000 + i), goto("c")])))
  const { user, system } = process.cpuUsage(before)
  // A copy of the map would take 5 ms of processor time or more for each.
  expect((user + system) / 1000 / 100).toBeLessThan(2)
})
