// Whose connections the kernel tracks: what an agent that comes back tells the controller, which knows whose the
// addresses are now.

import { BlockList, isIPv6 } from "node:net"
import type { Host } from "./host.ts"

/**
 * Addresses at the true ends of connections: who began it, and who answers, behind DNAT. At most `limit`; listed
 * as the kernel lists them, which knows no age (`conntrack -L` has it only under nf_conntrack_timestamp). The listing
 * is read line by line and ended when enough is known: of a million connections nothing is kept.
 */
export async function liveAddresses(
  host: Host,
  own: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const isOwn = listOf(own)
  const found = new Set<string>()
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  const watch = host.watch("conntrack", ["-L"], {
    line: (line) => {
      for (const address of endsOf(line)) if (found.size < limit && !isOwn(address)) found.add(address)
      if (found.size >= limit) resolve()
    },
    end: (reason) => (reason === "status 0" ? resolve() : reject(new Error(`conntrack -L: ${reason}`))),
  })
  try {
    await ended
  } finally {
    await watch.stop()
  }
  return [...found]
}

/** The source of each of the two tuples. */
function endsOf(line: string): readonly string[] {
  return [...line.matchAll(/ src=(\S+)/g)].flatMap(([, address]) => address ?? [])
}

function listOf(own: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  list.addSubnet("127.0.0.0", 8, "ipv4")
  list.addAddress("::1", "ipv6")
  for (const address of own) list.addAddress(address, isIPv6(address) ? "ipv6" : "ipv4")
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4")
}
