// How long streams may bring nothing, not even a bookmark, before the list is read again.
//
// A server whose etcd was restored from a copy says nothing before its versions have caught up with ours. A server with an
// etcd that tells no progress (before 3.5.13) has no bookmarks for a collection that does not change: there the list
// shows no difference, and is read more and more seldom.

const LONGEST = 16

export class Patience {
  readonly #shortestMs: number
  #longestMs: number
  #silentMs = 0

  constructor(idleMs: number) {
    // A stream is given up when it was silent for idleMs, by a clock that is not quite ours.
    this.#shortestMs = idleMs * 0.9
    this.#longestMs = this.#shortestMs
  }

  heard(): void {
    this.#silentMs = 0
    this.#longestMs = this.#shortestMs
  }

  listed(changes: number): void {
    this.#silentMs = 0
    const longer = Math.min(this.#longestMs * 2, this.#shortestMs * LONGEST)
    this.#longestMs = changes > 0 ? this.#shortestMs : longer
  }

  /** A stream has ended that brought nothing; true where the list is to be read. */
  isOver(streamMs: number): boolean {
    this.#silentMs += streamMs
    return this.#silentMs >= this.#longestMs
  }
}
