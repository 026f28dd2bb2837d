// Looks at the node: which interfaces lead to pods, now.

import { readAttachments } from "./cni-results.ts"
import type { Host } from "./host.ts"
import { type LocalAddresses, type Surroundings, surroundingsOf } from "./interfaces.ts"
import { readLinkRoutes, readLinks } from "./links.ts"
import { enableBridgeFilter } from "./preflight.ts"

export interface DiscoveryOptions {
  readonly host: Host
  /** libcni's cache directory, in the agent's own file system. */
  readonly cniResults: string | undefined
  /** Whether bridges with pods are only checked, or made to hand their packets to our chains. */
  readonly bridgeFilter: "check" | "set"
}

export async function discover(options: DiscoveryOptions, local: LocalAddresses): Promise<Surroundings> {
  const [links, routes, attachments] = await Promise.all([
    readLinks(options.host),
    readLinkRoutes(options.host),
    options.cniResults === undefined ? [] : readAttachments(options.cniResults),
  ])
  const surroundings = surroundingsOf({ links, routes, attachments }, local)
  if (options.bridgeFilter === "set") await filterBridges(options.host, surroundings)
  return surroundings
}

async function filterBridges(host: Host, surroundings: Surroundings): Promise<void> {
  for (const { name, bridge } of surroundings.bridges) {
    if (bridge?.nfCallIptables === true && bridge.nfCallIp6tables) continue
    await host.run("ip", enableBridgeFilter(name))
  }
}
