// What was denied, by chain: the counters of deny_... and drop_... chains, summed over every time a chain is written.
//
// `nft -t` fetches no elements of named sets (netlink_list_setelems is left out under NFT_CACHE_TERSE since 1.0.2); a
// plain `list chain` of nft 1.0.6 would fetch all of the machine's.

import { parse } from "nftables-json/parse"
import type { Rule, Ruleset } from "nftables-json/schema"
import { ANTISPOOF_TABLE } from "./antispoof.ts"
import type { Host } from "./host.ts"
import { POSTERN_TABLE } from "./kernel-tables.ts"

export interface DenyCount {
  /** Name of the chain; of `table bridge postern` with "bridge/" before it. */
  readonly chain: string
  readonly packets: number
  readonly bytes: number
  /** What the chain's counter says: the isolating policies, for people. */
  readonly comment: string
}

export interface DenyCounts {
  read(): Promise<readonly DenyCount[]>
}

interface Total {
  readonly comment: string
  /** Of counters that are gone. */
  readonly packets: number
  readonly bytes: number
  readonly last: Counted
}

interface Counted {
  readonly handle: number | undefined
  readonly packets: number
  readonly bytes: number
}

/** Chains that are there no more are remembered as far as this. */
const MOST_CHAINS = 20_000

export function createDenyCounts(host: Host): DenyCounts {
  let totals = new Map<string, Total>()
  return {
    read: async () => {
      const listings = await Promise.all([POSTERN_TABLE, ANTISPOOF_TABLE].map((table) => list(host, table)))
      const seen = new Map(listings.flat().flatMap(countersIn))
      const gone = [...totals].filter(([chain]) => !seen.has(chain)).slice(-MOST_CHAINS)
      const now = [...seen].map(([chain, rule]) => [chain, added(totals.get(chain), rule)] as const)
      totals = new Map([...gone, ...now])
      return [...totals].map(([chain, { comment, packets, bytes, last }]) => {
        return { chain, comment, packets: packets + last.packets, bytes: bytes + last.bytes }
      })
    },
  }
}

async function list(
  host: Host,
  { family, name }: { readonly family: string; readonly name: string },
): Promise<Ruleset> {
  const outcome = await host.run("nft", ["-t", "-j", "list", "table", family, name])
  return outcome.status === 0 ? parse(outcome.stdout) : []
}

/** The first counter of a chain that denies. */
function countersIn(object: Ruleset[number]): readonly (readonly [string, Rule])[] {
  if (!("rule" in object) || !/^(deny|drop)_/.test(object.rule.chain)) return []
  if (!object.rule.expr.some((statement) => "counter" in statement)) return []
  const { family, chain } = object.rule
  return [[family === "bridge" ? `bridge/${chain}` : chain, object.rule]]
}

/** A counter that was written anew has another handle, or counts less than before. */
function added(total: Total | undefined, rule: Rule): Total {
  const last = counted(rule)
  const comment = rule.comment ?? ""
  if (total === undefined) return { comment, packets: 0, bytes: 0, last }
  const isSame = total.last.handle === last.handle && total.last.packets <= last.packets
  const before = isSame ? { packets: 0, bytes: 0 } : total.last
  return { comment, packets: total.packets + before.packets, bytes: total.bytes + before.bytes, last }
}

function counted({ handle, expr }: Rule): Counted {
  for (const statement of expr) {
    if (!("counter" in statement)) continue
    const { counter } = statement
    const { packets = 0, bytes = 0 } = typeof counter === "object" && counter !== null ? counter : {}
    return { handle, packets, bytes }
  }
  return { handle, packets: 0, bytes: 0 }
}
