// Whose an address is now, and since when: what an agent that comes back must forget.
//
// Rulesets do not say who owns an address. Connections of its last owner would go on as the new one's, so the answer
// to a new stream names the addresses of the agent's connections that changed hands while nobody was there to say so.

import { contains, unionOfBlocks } from "../compile/address-ranges.ts"
import type { AddressRanges } from "../compile/program.ts"
import type { Change, Pod } from "../compile/snapshot.ts"

export interface AddressOwners {
  follow(changes: readonly Change[]): void
  /**
   * Those of the addresses that are or were a pod's and nobody's now, or whose pod's network came up after `asOf`.
   * "" for an agent that never had a program: then nobody's connections were judged for a former owner.
   */
  changedSince(asOf: string, addresses: readonly string[]): readonly string[]
}

/** API times are whole seconds, of the pod's node's clock. */
const CLOCK_MARGIN_MS = 2_000
/** Former pod addresses outside of every known pod CIDR that are remembered. */
const MOST_FORMER = 200_000

interface OwnedSince {
  readonly addresses: readonly string[]
  /** Milliseconds since the epoch; 0 where the API does not say. */
  readonly since: number
}

export function createAddressOwners(): AddressOwners {
  const pods = new Map<string, OwnedSince>()
  const owners = new Map<string, readonly string[]>()
  const former = new Set<string>()
  const blocks = new Map<string, readonly string[]>()
  let ranges: AddressRanges | undefined

  const drop = (pod: string): void => {
    for (const address of pods.get(pod)?.addresses ?? []) {
      const rest = (owners.get(address) ?? []).filter((each) => each !== pod)
      if (rest.length > 0) owners.set(address, rest)
      else if (owners.delete(address)) remember(former, address)
    }
    pods.delete(pod)
  }
  const own = (pod: Pod): void => {
    const name = `${pod.namespace}/${pod.name}`
    drop(name)
    if (pod.hostNetwork || pod.finished || pod.addresses.length === 0) return
    pods.set(name, { addresses: pod.addresses, since: millisecondsOf(pod.networkSince) })
    for (const address of pod.addresses) {
      former.delete(address)
      owners.set(address, [...(owners.get(address) ?? []), name])
    }
  }
  const follow = (change: Change): void => {
    if (change.kind === "pod") {
      if (change.op === "set") own(change.value)
      else drop(`${change.namespace}/${change.name}`)
    }
    if (change.kind === "node") {
      if (change.op === "set") blocks.set(change.value.name, change.value.podCIDRs)
      else blocks.delete(change.name)
      ranges = undefined
    }
  }
  const isOfPods = (address: string): boolean => {
    ranges ??= unionOfBlocks([...blocks.values()].flat().map((cidr) => ({ cidr, except: [] })))
    return former.has(address) || contains(ranges, address)
  }
  return {
    follow: (changes) => changes.forEach(follow),
    changedSince: (asOf, addresses) => {
      const from = asOf === "" ? Number.POSITIVE_INFINITY : millisecondsOf(asOf) - CLOCK_MARGIN_MS
      return [...new Set(addresses)].filter((address) => {
        const owning = owners.get(address)
        if (owning === undefined) return isOfPods(address)
        return owning.some((pod) => (pods.get(pod)?.since ?? 0) > from)
      })
    },
  }
}

/** The oldest go first: a Set keeps the order of insertion. */
function remember(former: Set<string>, address: string): void {
  former.add(address)
  if (former.size <= MOST_FORMER) return
  for (const oldest of former) {
    former.delete(oldest)
    return
  }
}

/** 0 for what is no time: then every known time is later. */
function millisecondsOf(time: string | undefined): number {
  const read = Date.parse(time ?? "")
  return Number.isNaN(read) ? 0 : read
}
