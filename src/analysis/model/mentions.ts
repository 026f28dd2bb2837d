// The words by which policies tell pods apart: label keys, names of ports, address blocks.
//
// A word that is new makes identities finer. One that is mentioned no longer may stay: what is told apart
// without need is answered alike, only twice. When there are many of those, they go.

import type { AddressBlock, Direction } from "../../compile/policy-ir.ts"
import type { LayeredMap } from "../layered-map.ts"
import { entriesOf, lookUp, put, remove } from "../layered-map.ts"
import { noteBlock, rebuildIndex } from "./block-index.ts"
import { type Block, blockText, readBlock } from "./blocks.ts"
import type { ModelState, PolicyWords } from "./state.ts"

/** Words that no policy had mentioned before a change. */
export interface NewWords {
  readonly labelKeys: Set<string>
  readonly portNames: Set<string>
  readonly blocks: Map<string, Block>
}

export function noWords(): NewWords {
  return { labelKeys: new Set(), portNames: new Set(), blocks: new Map() }
}

export function mention(state: ModelState, words: PolicyWords, news: NewWords): void {
  for (const key of words.labelKeys) if (count(state, state.labelKeys, [key, 1])) news.labelKeys.add(key)
  for (const name of words.portNames) if (count(state, state.portNames, [name, 1])) news.portNames.add(name)
  for (const direction of DIRECTIONS) {
    for (const block of words.blocks[direction]) {
      const known = countBlock(state, block, { direction, by: 1 })
      if (known !== null) news.blocks.set(known.text, known)
    }
  }
}

export function forget(state: ModelState, words: PolicyWords): void {
  for (const key of words.labelKeys) count(state, state.labelKeys, [key, -1])
  for (const name of words.portNames) count(state, state.portNames, [name, -1])
  for (const direction of DIRECTIONS) {
    for (const block of words.blocks[direction]) countBlock(state, block, { direction, by: -1 })
  }
}

const DIRECTIONS: readonly Direction[] = ["ingress", "egress"]
const MOST_UNUSED = 256

/** Drops words that are there for nothing, once they are many: then every pod is to be looked at again. */
export function dropUnused(state: ModelState): boolean {
  if (state.unusedWords <= MOST_UNUSED) return false
  state.unusedWords = 0
  for (const counts of [state.labelKeys, state.portNames]) {
    for (const [word, uses] of entriesOf(counts)) if (uses === 0) remove(counts, word)
  }
  for (const [text, { ingress, egress }] of entriesOf(state.blocks)) {
    if (ingress + egress === 0) remove(state.blocks, text)
  }
  rebuildIndex(state)
  return true
}

/** Whether the word is new. */
function count(state: ModelState, counts: LayeredMap<string, number>, [word, by]: Counted): boolean {
  const before = lookUp(counts, word)
  const after = (before ?? 0) + by
  put(counts, word, after)
  noteUnused(state, before, after)
  return before === undefined
}

type Counted = readonly [word: string, by: 1 | -1]

function noteUnused(state: ModelState, before: number | undefined, after: number): void {
  if (after === 0) state.unusedWords += 1
  else if (before === 0) state.unusedWords -= 1
}

/** The block where it is new, else null. */
function countBlock(
  state: ModelState,
  source: AddressBlock,
  { direction, by }: { readonly direction: Direction; readonly by: 1 | -1 },
): Block | null {
  const text = blockText(source)
  const before = lookUp(state.blocks, text)
  const known = before ?? { block: readBlock(source), ingress: 0, egress: 0 }
  const after = { ...known, [direction]: known[direction] + by }
  // Before it is among the blocks, from which an index may still have to be made.
  if (before === undefined) noteBlock(state, known.block)
  put(state.blocks, text, after)
  noteUnused(state, before && before.ingress + before.egress, after.ingress + after.egress)
  return before === undefined ? known.block : null
}
