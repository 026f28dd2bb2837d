// Nodes by name, by address and by pod range.

import type { Node } from "../../compile/snapshot.ts"
import { parseAddress, parseBlock } from "../address.ts"
import { compareTexts } from "../ranked-policy.ts"
import { Claims } from "./claims.ts"
import { PodRanges } from "./pod-ranges.ts"
import type { SeenFamilies } from "./seen-families.ts"

export class LiveNodes {
  readonly ranges = new PodRanges()
  readonly #names = new Map<string, Node>()
  readonly #addresses = new Claims<Node>(byName)
  readonly #seen: SeenFamilies

  constructor(seen: SeenFamilies) {
    this.#seen = seen
  }

  set(node: Node): void {
    this.delete(node.name)
    this.#names.set(node.name, node)
    this.#seen.count(familiesOf(node), 1)
    this.#addresses.add(node)
    this.ranges.add(node)
  }

  delete(name: string): void {
    const node = this.#names.get(name)
    if (node === undefined) return
    this.#names.delete(name)
    this.#seen.count(familiesOf(node), -1)
    this.#addresses.remove(node)
    this.ranges.remove(node)
  }

  named(name: string): Node | null {
    return this.#names.get(name) ?? null
  }

  at(address: string): Node | null {
    return this.#addresses.first(address)
  }

  all(): readonly Node[] {
    return [...this.#names.values()].sort(byName)
  }
}

function byName(a: Node, b: Node): number {
  return compareTexts(a.name, b.name)
}

function familiesOf({ addresses, podCIDRs }: Node) {
  return [
    ...addresses.flatMap((address) => parseAddress(address)?.family ?? []),
    ...podCIDRs.flatMap((cidr) => parseBlock(cidr)?.family ?? []),
  ]
}
