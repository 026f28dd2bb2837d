// In which node's pod range an address lies: one look for each length of prefix that is in use.

import type { Node } from "../../compile/snapshot.ts"
import { blockHolds, type IpBlock, parseAddress, parseBlock } from "../address.ts"
import type { Address } from "../judge.ts"
import { compareTexts } from "../ranked-policy.ts"

export class PodRanges {
  /** By the size of the block, then by its first address. */
  readonly #blocks = { IPv4: new Map<bigint, Places>(), IPv6: new Map<bigint, Places>() }

  add(node: Node): void {
    for (const block of blocksOf(node)) {
      const sizes = this.#blocks[block.family]
      const places = sizes.get(sizeOf(block)) ?? new Map<bigint, readonly Node[]>()
      sizes.set(sizeOf(block), places)
      places.set(block.first, [...(places.get(block.first) ?? []), node])
    }
  }

  remove(node: Node): void {
    for (const block of blocksOf(node)) {
      const sizes = this.#blocks[block.family]
      const places = sizes.get(sizeOf(block))
      if (places === undefined) continue
      const others = (places.get(block.first) ?? []).filter((each) => each !== node)
      if (others.length > 0) places.set(block.first, others)
      else places.delete(block.first)
      if (places.size === 0) sizes.delete(sizeOf(block))
    }
  }

  /** Of several the first by name. */
  nodeOf(address: Address): Node | null {
    const found = address.kind === "known" ? this.#holding(address.text) : this.#holdingAll(address)
    return found.toSorted((a, b) => compareTexts(a.name, b.name))[0] ?? null
  }

  #holding(text: string): readonly Node[] {
    const address = parseAddress(text)
    if (address === null) return []
    return [...this.#blocks[address.family]].flatMap(
      ([size, places]) => places.get(address.value - (address.value % size)) ?? [],
    )
  }

  /** An address that is not known lies in a block when every one that it could be does. */
  #holdingAll(address: Address): readonly Node[] {
    return [...this.#blocks[address.family]].flatMap(([size, places]) =>
      [...places].flatMap(([first, nodes]) => {
        const block = { family: address.family, first, last: first + size - 1n }
        return blockHolds(block, address) ? nodes : []
      }),
    )
  }
}

type Places = Map<bigint, readonly Node[]>

function blocksOf({ podCIDRs }: Node): readonly IpBlock[] {
  return podCIDRs.flatMap((cidr) => parseBlock(cidr) ?? [])
}

function sizeOf({ first, last }: IpBlock): bigint {
  return last - first + 1n
}
