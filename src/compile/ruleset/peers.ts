// Peers of a run as match statements; the sets they name are noted in the draft.

import type { Statement } from "nftables-json/schema"
import type { Action } from "../policy-ir.ts"
import type { PeerUnion, SetKey } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import type { Draft } from "./class-pieces.ts"
import {
  familyWord,
  flowEnd,
  header,
  isOriginal,
  isReply,
  type Judge,
  match,
  meta,
  type PacketEnd,
} from "./expressions.ts"
import { memberSet, rangeSet } from "./sets.ts"

/** One list of statements for each way to match; none where the peers are nothing in these families. */
export function peerMatches(draft: Draft, peers: PeerUnion, use: PeerUse): readonly (readonly Statement[])[] {
  if (peers.kind === "any") return [[]]
  const end: PacketEnd = draft.policyClass.direction === "egress" ? "destination" : "source"
  return draft.families.flatMap((family) =>
    setNames(draft, peers, { ...use, family }).map((name) => [
      match(flowEnd(end, use.judge, family), `@${name}`),
    ]),
  )
}

export interface PeerUse {
  readonly action: Action
  readonly judge: Judge
}

type SomePeers = Extract<PeerUnion, { readonly kind: "some" }>

function setNames(
  draft: Draft,
  peers: SomePeers,
  use: PeerUse & { readonly family: AddressFamily },
): readonly string[] {
  const names: string[] = []
  if (peers.pods !== null) {
    const set = memberSet("pods", peers.pods, { ...use, hash: draft.remember })
    draft.members.set(set.name, set)
    names.push(set.name)
  }
  const ranges = use.family === "IPv4" ? peers.ranges?.v4 : peers.ranges?.v6
  if (ranges !== undefined && ranges.length > 0) {
    const set = rangeSet("ranges", { family: use.family, ranges }, draft.remember)
    draft.ranges.set(set.name, set)
    names.push(set.name)
  }
  return names
}

/**
 * Destinations with a port resolved on them. nft 1.0.6 takes no `ct reply proto-src` in a concatenation, so a
 * tracked packet is matched by its header, for each direction of the flow.
 */
export function namedPortMatches(draft: Draft, key: SetKey, use: PeerUse): readonly (readonly Statement[])[] {
  return draft.families.flatMap((family) => {
    const set = memberSet("named", key, { ...use, family, hash: draft.remember })
    draft.members.set(set.name, set)
    const serves = (address: "saddr" | "daddr", port: "sport" | "dport") => {
      const end = [header(familyWord[family], address), meta("l4proto"), header("th", port)]
      return match({ concat: end }, `@${set.name}`)
    }
    if (use.judge === "header") return [[serves("daddr", "dport")]]
    return [
      [isOriginal, serves("daddr", "dport")],
      [isReply, serves("saddr", "sport")],
    ]
  })
}
