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
   * What an agent that follows until `time` knows: the time, and the pods whose network came up so shortly before it
   * that the time alone would not tell. Agents keep it as it is, and it comes back in `changedSince`.
   */
  asOf(time: string): string
  /**
   * Those of the addresses that are or were a pod's and nobody's now, or whose pod's network came up after `asOf`.
   * "" for an agent that never had a program: then nobody's connections were judged for a former owner.
   */
  changedSince(asOf: string, addresses: readonly string[]): readonly string[]
}

/** API times are whole seconds, of the pod's node's clock. */
const CLOCK_MARGIN_MS = 2_000
/** Named in an asOf; of more that started at once, connections are forgotten although the agent knew them. */
const MOST_RECENT = 100
/** Former pod addresses outside of every known pod CIDR that are remembered. */
const MOST_FORMER = 200_000

interface OwnedSince {
  readonly uid: string
  readonly addresses: readonly string[]
  /** Milliseconds since the epoch; 0 where the API does not say. */
  readonly since: number
}

export function createAddressOwners(): AddressOwners {
  const pods = new Map<string, OwnedSince>()
  const owners = new Map<string, readonly string[]>()
  const former = new Set<string>()
  const recent = new Set<string>()
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
    pods.set(name, {
      uid: pod.uid,
      addresses: pod.addresses,
      since: millisecondsOf(pod.networkSince),
    })
    recent.add(name)
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
    asOf: (time) => {
      const from = millisecondsOf(time) - CLOCK_MARGIN_MS
      for (const name of recent) if ((pods.get(name)?.since ?? 0) <= from) recent.delete(name)
      const known = [...recent].slice(-MOST_RECENT).flatMap((name) => knowledgeOf(pods.get(name)))
      return [time, ...known].join(" ")
    },
    changedSince: (asOf, addresses) => {
      const [time = "", ...known] = asOf.split(" ")
      const told = new Set(known)
      const from = asOf === "" ? Number.POSITIVE_INFINITY : millisecondsOf(time) - CLOCK_MARGIN_MS
      const isNews = (pod: OwnedSince | undefined): boolean => {
        return (pod?.since ?? 0) > from && !knowledgeOf(pod).every((each) => told.has(each))
      }
      return [...new Set(addresses)].filter((address) => {
        const owning = owners.get(address)
        if (owning === undefined) return isOfPods(address)
        return owning.some((pod) => isNews(pods.get(pod)))
      })
    },
  }
}

/** "ADDRESS=UID", of each of its addresses. */
function knowledgeOf(pod: OwnedSince | undefined): readonly string[] {
  return (pod?.addresses ?? []).map((address) => `${address}=${pod?.uid ?? ""}`)
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
