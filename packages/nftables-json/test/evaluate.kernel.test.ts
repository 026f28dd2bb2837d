// Random rulesets on a router and real packets through it: every counter of every rule, the verdict and
// the connection's mark must be what the evaluator says.

import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { NftError } from "../src/errors.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Ruleset, Transaction } from "../src/schema.ts"
import {
  countersOf,
  evaluateBoth,
  type Flow,
  packetOf,
  randomFlow,
  requestOf,
  type Tracked,
  trackedAfter,
} from "./flow-model.ts"
import { randomRuleset } from "./random-ruleset.ts"
import { CLIENT, createRouterLab, type RouterLab } from "./router-lab.ts"

let lab: RouterLab

beforeAll(async () => {
  lab = await createRouterLab()
})

afterAll(() => {
  lab.remove()
})

let nextPort = 20_000

test("the evaluator and the kernel agree on random rulesets and packets", async () => {
  const seed = Number(process.env["SEED"] ?? fc.readConfigureGlobal().seed ?? Date.now() % 2 ** 31)
  const numRuns = Number(process.env["RUNS"] ?? 40)
  console.info(`evaluator against kernel: SEED=${seed} RUNS=${numRuns}`)
  let packets = 0
  const property = fc.asyncProperty(
    randomRuleset,
    fc.array(randomFlow, { minLength: 3, maxLength: 5 }),
    async (random, flows) => {
      const rules = await load(random)
      const listed = await listWithoutNat()
      for (const flow of flows) packets += await judgeFlow(flow, rules, listed)
    },
  )
  await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: 240_000 })
  expect(packets).toBeGreaterThan(numRuns)
}, 300_000)

/** Loads the table; rules that ask for two protocols at once, which nft does not take, are left out. */
async function load(rules: Ruleset): Promise<Ruleset> {
  const nft = createOneShot({ command: [...lab.router.enter, "nft"] })
  const table = { table: { family: "inet", name: "t" } } as const
  const start: Transaction = [{ add: table }, { delete: table }]
  try {
    await nft.run([...start, ...rules.map((object) => ({ add: object }))])
    return rules
  } catch (error) {
    const refused = error instanceof NftError && /conflicting/.test(error.text) ? error.index : undefined
    if (refused === undefined) throw error
    return load(rules.filter((_, i) => i !== refused - start.length))
  }
}

/** Sends the flow's packets one by one; returns how many. */
async function judgeFlow(flow: Flow, rules: Ruleset, listed: Ruleset): Promise<number> {
  nextPort += 1
  const sourcePort = nextPort
  let tracked: Tracked | undefined
  let sent = 0
  for (const direction of ["original" as const, ...flow.further]) {
    // TCP beyond its first packet would need an answer; a reply without an entry is a flow of its own.
    const isPossible =
      direction === "original"
        ? sent === 0 || flow.protocol === "udp"
        : tracked !== undefined && flow.protocol === "udp"
    if (!isPossible || (direction === "reply" && flow.source === CLIENT.stray)) continue
    const packet = packetOf({ flow, direction, sourcePort, tracked })
    const expected = evaluateBoth(rules, packet)
    expect(evaluateBoth(listed, packet)).toEqual(expected)
    const before = await counters()
    await lab.send(direction === "original" ? "client" : "server", requestOf(packet, flow))
    const after = await counters()
    const moved = after.map((count, i) => count - (before[i] ?? 0))
    const { trace } = expected
    expect({ moved, packet, trace }).toEqual({ moved: expected.counts, packet, trace })
    sent += 1
    tracked = trackedAfter({ direction, tracked, expected })
  }
  return sent
}

/** Address translation is no part of a verdict, and the evaluator says so by an error. */
async function listWithoutNat(): Promise<Ruleset> {
  const listed = await createOneShot({ command: [...lab.router.enter, "nft"] }).list()
  return listed.filter((object) => !Object.values(object).some((each) => each.table === "service"))
}

async function counters(): Promise<readonly number[]> {
  const nft = createOneShot({ command: [...lab.router.enter, "nft"] })
  const listed = await nft.list({ kind: "table", family: "inet", name: "t" })
  return countersOf(listed).map((counter) => counter.packets)
}
