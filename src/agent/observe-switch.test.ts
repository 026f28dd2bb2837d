// The node's observe switch, and what an agent takes up while it is on.

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Ruleset } from "nftables-json/schema"
import { afterEach, beforeEach, expect, test } from "vitest"
import type { NodeRuleset } from "../wire/node-ruleset.ts"
import type { CacheRead } from "./cache.ts"
import { createObserveSwitch } from "./observe-switch.ts"
import { startProgram } from "./start-program.ts"

const ruleset: Ruleset = [{ table: { family: "inet", name: "postern" } }]
const cached = (node: NodeRuleset): CacheRead => ({
  kind: "program",
  program: { node, bootId: "now", mask: 0xff000000 },
})
const kernel = { ruleset, revision: 6 }
const older: NodeRuleset = { revision: 5, ruleset }

test.for<[string, CacheRead, unknown]>([
  ["the cached program is the older one", cached(older), { kind: "cached", node: older }],
  ["there is no other", { kind: "none" }, { kind: "none" }],
])("a table that drops nothing is no program to enforce, also where %s", ([, cached, expected]) => {
  expect(startProgram({ cached, kernel, bootId: "now", isObserving: true })).toEqual(expected)
})

test("a newer table of the kernel is as old as what was last written of its age", () => {
  const asOf = "2026-01-01T00:00:00.000Z"
  const started = startProgram({
    cached: cached({ ...older, asOf }),
    kernel,
    bootId: "now",
    isObserving: false,
  })
  expect(started).toMatchObject({ kind: "adopted", node: { revision: 6, asOf } })
})

let directory = ""
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "postern-observe-"))
})
afterEach(() => rm(directory, { recursive: true }))

test.for([true, false])("of orders in quick succession the last one stays: %s", async (last) => {
  const observing = createObserveSwitch(directory)
  await Promise.all([last, !last, last].map((isOn) => observing.write(isOn)))
  expect(await createObserveSwitch(directory).read()).toBe(last)
})
