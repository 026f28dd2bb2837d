// Which address families are in use, counted while addresses come and go.

import type { AddressFamily } from "../../compile/snapshot.ts"

export class SeenFamilies {
  readonly #counts = { IPv4: 0, IPv6: 0 }

  count(families: Iterable<AddressFamily>, by: 1 | -1): void {
    for (const family of families) this.#counts[family] += by
  }

  has(family: AddressFamily): boolean {
    return this.#counts[family] > 0
  }
}
