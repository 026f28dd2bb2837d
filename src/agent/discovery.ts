// Looks at the node: which interfaces lead to pods, now.

import type { Attachments } from "./attachments.ts"
import type { Host } from "./host.ts"
import { type LocalAddresses, type Surroundings, surroundingsOf } from "./interfaces.ts"
import { readLinkRoutes, readLinks } from "./links.ts"
import { enableBridgeFilter } from "./preflight.ts"

export interface DiscoveryOptions {
  readonly host: Host
  readonly attachments: Attachments
  /** Whether bridges with pods are only checked, or made to hand their packets to our chains. */
  readonly bridgeFilter: "check" | "set"
}

export async function discover(options: DiscoveryOptions, local: LocalAddresses): Promise<Surroundings> {
  const { attachments } = options
  // Before the interfaces: a result is there later than its interface.
  const { judge } = await attachments.refresh()
  const [links, routes] = await Promise.all([readLinks(options.host), readLinkRoutes(options.host)])
  judge(new Set(links.filter((link) => link.bridge === undefined).map((link) => link.name)))
  const surroundings = surroundingsOf({ links, routes, attachments: attachments.all() }, local)
  if (options.bridgeFilter === "set") await filterBridges(options.host, surroundings)
  return surroundings
}

async function filterBridges(host: Host, surroundings: Surroundings): Promise<void> {
  for (const { name, bridge } of surroundings.bridges) {
    if (bridge?.nfCallIptables === true && bridge.nfCallIp6tables) continue
    await host.run("ip", enableBridgeFilter(name))
  }
}
