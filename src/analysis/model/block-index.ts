// Which blocks hold an address, without trying all of them for every address.

import type { Address } from "../../compile/address-ranges.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"
import { valuesOf } from "../layered-map.ts"
import { type Block, holdsAddress, type Span } from "./blocks.ts"
import type { ModelState } from "./state.ts"

type Value = Address["value"]

interface BlockIndex {
  readonly version: number
  readonly blocks: readonly Block[]
  /** Questions that were answered without pieces. */
  asked: number
  pieces: Readonly<Record<AddressFamily, Pieces>> | null
}

/** Addresses between two starts are in the same blocks. */
interface Pieces {
  readonly starts: readonly Value[]
  readonly held: (readonly string[] | undefined)[]
}

const indexes = new WeakMap<ModelState, BlockIndex>()

/** Sorting the bounds of all blocks costs about as much as this many questions. */
const FEW = 32

export function blocksAround(state: ModelState, address: Address): readonly string[] {
  if (state.blocks.size === 0) return []
  const index = indexOf(state)
  index.asked += 1
  if (index.pieces === null && index.asked <= FEW) return holding(index, address)
  index.pieces ??= { IPv4: piecesOf(index.blocks, "IPv4"), IPv6: piecesOf(index.blocks, "IPv6") }
  const { starts, held } = index.pieces[address.family]
  const at = lastNotAbove(starts, address.value)
  return (held[at] ??= holding(index, address))
}

/** Bounds of blocks and of their excepts, in order, each once. */
export function boundsOf(blocks: readonly Block[], family: AddressFamily): readonly Value[] {
  const spans = blocks.flatMap(({ span, except }): readonly Span[] => [span, ...except])
  const bounds = new Set<Value>()
  for (const { from, end, ...span } of spans) {
    if (span.family === family) bounds.add(from).add(end)
  }
  return [...bounds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

function indexOf(state: ModelState): BlockIndex {
  const known = indexes.get(state)
  if (known !== undefined && known.version === state.blockVersion) return known
  const blocks = Array.from(valuesOf(state.blocks), ({ block }) => block)
  const made: BlockIndex = { version: state.blockVersion, blocks, asked: 0, pieces: null }
  indexes.set(state, made)
  return made
}

function holding({ blocks }: BlockIndex, address: Address): readonly string[] {
  return blocks.filter((block) => holdsAddress(block, address)).map(({ text }) => text)
}

function piecesOf(blocks: readonly Block[], family: AddressFamily): Pieces {
  const starts = [family === "IPv4" ? 0 : 0n, ...boundsOf(blocks, family)]
  return { starts, held: Array.from(starts, () => undefined) }
}

function lastNotAbove(starts: readonly Value[], value: Value): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const start = starts[middle]
    if (start !== undefined && start <= value) low = middle
    else high = middle - 1
  }
  return low
}
