import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { Nft } from "../src/nft.ts"
import { createOneShot } from "../src/one-shot.ts"
import { splitAdd } from "../src/split.ts"
import { add, elements, set, table } from "./commands.ts"
import { outcomeOf } from "./contract.ts"

// Inside a user namespace nobody may raise the socket's buffer beyond net.core.rmem_max and wmem_max.
let holder: ChildProcess
let nft: Nft

beforeAll(async () => {
  holder = spawn("unshare", ["--user", "--map-root-user", "--net", "sh", "-c", "echo ready; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  if (holder.stdout === null) throw new Error("no output of unshare")
  await once(holder.stdout, "data")
  const enter = ["nsenter", "--target", String(holder.pid), "--user", "--net", "--preserve-credentials"]
  nft = createOneShot({ command: [...enter, "nft"] })
})

// The namespaces end with the process that holds them.
afterAll(async () => {
  holder.stdin?.end()
  await once(holder, "exit")
})

const addresses = Array.from({ length: 60_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
const load = add(table, set("s"), elements("s", ...addresses))

test("a user namespace takes many elements in pieces", async () => {
  expect(await outcomeOf(nft, load)).toBe("too-large")
  const pieces = splitAdd(load)
  expect(pieces.length).toBeGreaterThan(1)
  for (const piece of pieces) await nft.run(piece)
  const [listed] = (await nft.list({ kind: "set", family: "inet", table: "t", name: "s" })).flatMap((each) =>
    "set" in each ? [each.set] : [],
  )
  expect(listed?.elem?.length).toBe(addresses.length)
})
