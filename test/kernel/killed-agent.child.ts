// An agent that flips between two rulesets until it is killed: argument 1 is a JSON file with KilledAgentOrder.

import { readFileSync } from "node:fs"
import { createInteractive } from "nftables-json/interactive"
import type { Ruleset } from "nftables-json/schema"
import { createEnforcer } from "../../src/agent/enforcer.ts"
import { createHost } from "../../src/agent/host.ts"

export interface KilledAgentOrder {
  readonly prefix: readonly string[]
  readonly directory: string
  readonly cniResults: string
  readonly rulesets: readonly Ruleset[]
}

const order = readOrder(process.argv[2] ?? "")
const enforcer = createEnforcer({
  nft: createInteractive({ command: [...order.prefix, "nft"], name: `child${process.pid}` }),
  host: createHost({ prefix: order.prefix }),
  directory: order.directory,
  cniResults: [order.cniResults],
})
await enforcer.start()
process.stdout.write("started\n")
for (let revision = (enforcer.status().wanted ?? 0) + 1; ; revision++) {
  await enforcer.replace({ revision, ruleset: order.rulesets[revision % order.rulesets.length] ?? [] })
  process.stdout.write("replaced\n")
}

function readOrder(path: string): KilledAgentOrder {
  const order: KilledAgentOrder = JSON.parse(readFileSync(path, "utf8"))
  return order
}
