// Who has which address, while they come and go.

import { parseAddress } from "../address.ts"

interface Holder {
  readonly addresses: readonly string[]
}

/** Of several that claim an address the first by `compare` has it. */
export class Claims<T extends Holder> {
  /** A list only where an address is claimed twice, which is rare. */
  readonly #holders = new Map<number | string, T | T[]>()
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  add(holder: T): void {
    for (const key of keysOf(holder)) {
      const others = this.#claimants(key)
      this.#holders.set(key, others.length === 0 ? holder : [...others, holder].sort(this.#compare))
    }
  }

  remove(holder: T): void {
    for (const key of keysOf(holder)) {
      const others = this.#claimants(key).filter((each) => each !== holder)
      const [only] = others
      if (only === undefined) this.#holders.delete(key)
      else this.#holders.set(key, others.length === 1 ? only : others)
    }
  }

  first(address: string): T | null {
    return this.#claimants(keyOf(address))[0] ?? null
  }

  #claimants(key: number | string): readonly T[] {
    const held = this.#holders.get(key)
    if (held === undefined) return []
    return Array.isArray(held) ? held : [held]
  }
}

function keysOf({ addresses }: Holder): ReadonlySet<number | string> {
  return new Set(addresses.map(keyOf))
}

/** One for every spelling of an address; numbers take less than texts. */
function keyOf(text: string): number | string {
  const parsed = parseAddress(text)
  if (parsed === null) return text
  return parsed.family === "IPv4" ? Number(parsed.value) : `${parsed.value}`
}
