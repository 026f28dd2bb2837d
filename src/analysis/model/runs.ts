// All addresses, cut where some block of a direction begins, ends or has a hole; maximal runs.

import { formatAddress } from "../../compile/address-ranges.ts"
import { type Interval, subtract } from "../../compile/interval.ts"
import type { Direction } from "../../compile/policy-ir.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"
import type { AddressRun } from "../cluster-view.ts"
import { valuesOf } from "../layered-map.ts"
import { type Block, placeOf } from "./blocks.ts"
import type { ModelState } from "./state.ts"

const WIDTH = { IPv4: 32n, IPv6: 128n } as const satisfies Record<AddressFamily, bigint>

export function runsOf(state: ModelState, direction: Direction): readonly AddressRun[] {
  const blocks = Array.from(valuesOf(state.blocks)).flatMap((each) =>
    each[direction] > 0 ? [each.block] : [],
  )
  return rangeFamilies(state).flatMap((family) => runsOfFamily(blocks, family))
}

/** IPv4 where no address is seen; a family that is not seen has runs where some block speaks of it. */
function rangeFamilies({ families, podRanges, blocks }: ModelState): readonly AddressFamily[] {
  const mentioned = Array.from(valuesOf(blocks)).filter(({ ingress, egress }) => ingress + egress > 0)
  const named = new Set(mentioned.map(({ block }) => block.span.family))
  const seen = (family: AddressFamily) =>
    families[family] > 0 || podRanges.some((each) => each.family === family)
  const isUnseen = !seen("IPv4") && !seen("IPv6")
  const both: readonly AddressFamily[] = ["IPv4", "IPv6"]
  return both.filter((family) => seen(family) || named.has(family) || (isUnseen && family === "IPv4"))
}

interface Bound {
  readonly at: bigint
  readonly text: string
  readonly by: 1 | -1
}

function runsOfFamily(blocks: readonly Block[], family: AddressFamily): readonly AddressRun[] {
  const bounds = blocks
    .filter(({ span }) => span.family === family)
    .flatMap(boundsOf)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  const end = 1n << WIDTH[family]
  const runs: AddressRun[] = []
  const inside = new Set<string>()
  let from = 0n
  for (let i = 0; i <= bounds.length; ) {
    const at = bounds[i]?.at ?? end
    if (at > from) {
      addRun(runs, { from, end: at }, { family, inside })
      from = at
    }
    if (i === bounds.length) break
    for (let bound = bounds[i]; bound?.at === at; bound = bounds[++i]) {
      if (bound.by > 0) inside.add(bound.text)
      else inside.delete(bound.text)
    }
  }
  return runs
}

/** A block's own pieces never touch each other, so that it never ends and begins at one bound. */
function boundsOf({ text, span, except }: Block): readonly Bound[] {
  const wide = ({ from, end }: Block["span"]): Interval<bigint> => ({ from: BigInt(from), end: BigInt(end) })
  return subtract(wide(span), except.map(wide)).flatMap(({ from, end }): readonly Bound[] => [
    { at: from, text, by: 1 },
    { at: end, text, by: -1 },
  ])
}

function addRun(
  runs: AddressRun[],
  { from, end }: Interval<bigint>,
  { family, inside }: { readonly family: AddressFamily; readonly inside: ReadonlySet<string> },
): void {
  const place = placeOf(family, inside)
  const last = runs.at(-1)
  const textOf = (value: bigint) =>
    formatAddress(family === "IPv4" ? { family, value: Number(value) } : { family, value })
  const first = last?.place.key === place.key ? runs.pop() : undefined
  runs.push({ kind: "range", from: first?.from ?? textOf(from), to: textOf(end - 1n), place })
}
