// Laws of distribution: an agent that does what its streams say holds its node's ruleset, whatever happens to the
// streams, and none of its connections outlives the owner of an address.

import * as fc from "fast-check"
import { expect, test } from "vitest"
import { NODES, nodeNamed, step, World } from "./distribution-world.ts"

test("an agent that does what its streams say holds its node's ruleset, and no connection of a former owner", async () => {
  const steps = fc.array(step, { minLength: 8, maxLength: 40 })
  const seen = new Map<string, number>()
  const property = fc.asyncProperty(steps, steps, async (first, second) => {
    const world = new World()
    world.distributor.apply(NODES.map((name) => ({ kind: "node", op: "set", value: nodeNamed(name) })))
    for (const each of first) await world.run(each)
    await world.settle()
    expect(world.faults()).toStrictEqual([])
    for (const each of second) await world.run(each)
    await world.settle()
    expect(world.faults()).toStrictEqual([])
    for (const kind of [...world.agents.flatMap(({ kinds }) => kinds), ...world.seen])
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
  })
  await fc.assert(property, { numRuns: 80 })
  // A law about streams on which nothing happens would hold, too.
  for (const kind of ["ruleset", "unchanged", "update", "reset", "acknowledged"])
    expect(seen.get(kind) ?? 0).toBeGreaterThan(0)
})
