// Whose the local addresses are, for an agent that hears of a new owner from its CNI plugin first.

import type { Endpoint } from "../compile/program.ts"
import type { Owners } from "../wire/node-ruleset.ts"

export function ownersOf(endpoints: Iterable<Endpoint>): Owners {
  return Object.fromEntries(Array.from(endpoints, ({ address, uid }) => [address, uid]))
}
