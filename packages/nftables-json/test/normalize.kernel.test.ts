import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { diff } from "../src/diff.ts"
import type { Nft } from "../src/nft.ts"
import { normalize } from "../src/normalize.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Ruleset } from "../src/schema.ts"
import { table } from "./commands.ts"
import { designRuleset } from "./design-ruleset.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"
import { DEPENDENCIES } from "./normal-dependencies.ts"
import { SETS } from "./normal-sets.ts"
import { VALUES } from "./normal-values.ts"

let namespace: NetworkNamespace
let nft: Nft

beforeAll(() => {
  namespace = createNamespace()
  nft = createOneShot({ command: [...namespace.enter, "nft"] })
})
afterAll(() => {
  namespace.remove()
})
beforeEach(() => {
  namespace.run(["nft", "flush", "ruleset"])
})

async function listedAfter(ruleset: Ruleset): Promise<Ruleset> {
  await nft.run(ruleset.map((object) => ({ add: object })))
  return normalize(await nft.list())
}

describe("what nft lists of a rule has the normal form of what was sent", () => {
  test.for([...VALUES, ...DEPENDENCIES])("$name", async ({ written, family = "inet" }) => {
    const place = { family, table: "t" } as const
    const sent: Ruleset = [
      { table: { family, name: "t" } },
      { chain: { ...place, name: "c" } },
      { rule: { ...place, chain: "c", expr: written } },
    ]
    expect(await listedAfter(sent)).toEqual(normalize(sent))
  })
})

describe("what nft lists of a set has the normal form of what was sent", () => {
  test.for(SETS)("$name", async ({ written }) => {
    expect(await listedAfter([table, ...written])).toEqual(normalize([table, ...written]))
  })
})

test("the ruleset of the design is listed as it was sent, and nothing is left to change", async () => {
  const plan = diff([], designRuleset)
  await nft.run(plan.add)
  await nft.run(plan.flip)
  const listed = await nft.list()
  expect(normalize(listed)).toEqual(normalize(designRuleset))
  expect(diff(listed, designRuleset)).toEqual({ add: [], flip: [], remove: [] })
})
