// Bytes that were written to streams and that no socket has taken yet, as last seen.
//
// A socket does not say what it takes, so streams are looked at again: when they say that they are empty, and a few in
// each turn, those first that were not looked at for longest. With a thousand streams a turn costs what it does with ten.

export interface Buffered {
  /** Bytes. */
  readonly buffered: number
}

/** What one stream counts for at most: a few readers that are slow must not make all others walk. */
const MOST_OF_ONE = 4 * 1024 * 1024
const LOOKED_AT = 8

export class InFlight {
  readonly #streams = new Map<Buffered, number>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** Something was written to the stream, or it has become empty. */
  measure(stream: Buffered): void {
    const bytes = Math.min(stream.buffered, MOST_OF_ONE)
    this.drop(stream)
    if (bytes === 0) return
    this.#streams.set(stream, bytes)
    this.#bytes += bytes
  }

  drop(stream: Buffered): void {
    this.#bytes -= this.#streams.get(stream) ?? 0
    this.#streams.delete(stream)
  }

  lookAtSome(): void {
    let left = Math.min(LOOKED_AT, this.#streams.size)
    for (const stream of this.#streams.keys()) {
      if (left-- === 0) return
      this.measure(stream)
    }
  }
}
