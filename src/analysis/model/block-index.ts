// Which blocks hold an address, without trying all of them for every address.
//
// Sorted by their first address, with the last address of every run of them: a search tree without nodes. Blocks
// that came since it was made are few and are tried one by one.

import type { Address } from "../../compile/address-ranges.ts"
import type { AddressFamily } from "../../compile/snapshot.ts"
import { valuesOf } from "../layered-map.ts"
import { type Block, holdsAddress } from "./blocks.ts"
import type { ModelState } from "./state.ts"

type Value = Address["value"]

interface BlockIndex {
  readonly trees: Readonly<Record<AddressFamily, Tree>>
  readonly recent: Block[]
}

interface Tree {
  readonly blocks: readonly Block[]
  /** The greatest end of a run of blocks: of the whole at 1, of the halves of run n at 2n and 2n + 1. */
  readonly ends: readonly Value[]
}

const MOST_RECENT = 64

const indexes = new WeakMap<ModelState, BlockIndex>()

/** Texts of the blocks that hold an address. */
export function blocksAround(state: ModelState, address: Address): readonly string[] {
  const known = indexOf(state)
  const { trees, recent } = known.recent.length > MOST_RECENT ? rebuildIndex(state) : known
  const found = recent.filter((block) => holdsAddress(block, address))
  const tree = trees[address.family]
  collect(tree, address, { run: 1, from: 0, end: tree.blocks.length, found })
  return found.map(({ text }) => text)
}

/** A block that the state has from now on. */
export function noteBlock(state: ModelState, block: Block): void {
  indexOf(state).recent.push(block)
}

/** After blocks have gone. */
export function rebuildIndex(state: ModelState): BlockIndex {
  const blocks = Array.from(valuesOf(state.blocks), ({ block }) => block)
  const made = { trees: { IPv4: treeOf(blocks, "IPv4"), IPv6: treeOf(blocks, "IPv6") }, recent: [] }
  indexes.set(state, made)
  return made
}

/** A state upon another has the blocks of that one. */
function indexOf(state: ModelState): BlockIndex {
  const known = indexes.get(state)
  if (known !== undefined) return known
  if (state.below === null) return rebuildIndex(state)
  const { trees, recent } = indexOf(state.below)
  const made = { trees, recent: [...recent] }
  indexes.set(state, made)
  return made
}

function treeOf(all: readonly Block[], family: AddressFamily): Tree {
  const blocks = all
    .filter(({ span }) => span.family === family)
    .sort((a, b) => (a.span.from < b.span.from ? -1 : a.span.from > b.span.from ? 1 : 0))
  const ends: Value[] = []
  const measure = (run: number, from: number, end: number): Value => {
    const middle = (from + end) >> 1
    const [left, right] =
      end - from > 1
        ? [measure(2 * run, from, middle), measure(2 * run + 1, middle, end)]
        : [blocks[from]?.span.end ?? 0, 0]
    return (ends[run] = left > right ? left : right)
  }
  if (blocks.length > 0) measure(1, 0, blocks.length)
  return { blocks, ends }
}

interface Run {
  readonly run: number
  readonly from: number
  readonly end: number
  readonly found: Block[]
}

function collect({ blocks, ends }: Tree, address: Address, { run, from, end, found }: Run): void {
  const first = blocks[from]
  const last = ends[run]
  if (first === undefined || last === undefined) return
  if (first.span.from > address.value || last <= address.value) return
  if (end - from === 1) {
    if (holdsAddress(first, address)) found.push(first)
    return
  }
  const middle = (from + end) >> 1
  collect({ blocks, ends }, address, { run: 2 * run, from, end: middle, found })
  collect({ blocks, ends }, address, { run: 2 * run + 1, from: middle, end, found })
}
