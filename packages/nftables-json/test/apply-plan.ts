// Plans brought into force on a fake.

import { diff } from "../src/diff.ts"
import { createFake } from "../src/fake.ts"
import type { Nft } from "../src/nft.ts"
import type { Plan } from "../src/plan.ts"
import type { Ruleset } from "../src/schema.ts"

export async function applyPlan(nft: Nft, plan: Plan): Promise<void> {
  await nft.run(plan.add)
  await nft.run(plan.flip)
  await nft.run(plan.remove)
}

export async function fakeWith(ruleset: Ruleset): Promise<Nft> {
  const fake = createFake()
  await applyPlan(fake, diff([], ruleset))
  return fake
}

export const plan = (parts: Partial<Plan>): Plan => ({ add: [], flip: [], remove: [], ...parts })
