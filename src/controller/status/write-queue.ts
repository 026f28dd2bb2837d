// Which object is written next, and when: at a bounded rate, whatever happens in the cluster.
//
// The newest news go first: who has just applied a policy waits for its status, nobody waits for the thousandth that a
// restart touches. Every fourth write is the oldest's turn, so that no object waits for ever.

export interface WriteQueueOptions {
  /** Requests a second, and how many may be made at once after a quiet time. */
  readonly rate: number
  readonly burst: number
  /** Writes under way at the same time. */
  readonly concurrency?: number
  /** Milliseconds that news wait for more of the same object. */
  readonly gatherMs?: number
  /** Writes what is to be written of the object now. What it rejects with is told to `onError`, and tried again. */
  readonly write: (key: string) => Promise<WriteOutcome>
  readonly onError: (key: string, error: unknown) => void
  /** Milliseconds to wait before an object is tried again. */
  readonly retryAfter?: (error: unknown, attempt: number) => number
}

export interface WriteOutcome {
  /** What it has cost: 0 where there was nothing to write. */
  readonly requests: number
  /** Milliseconds after which it wants to be asked again. */
  readonly again?: number
}

export interface WriteQueue {
  /** Something about the object is new. */
  touch(key: string): void
  /** Nothing is written while paused; what is touched waits. */
  setPaused(paused: boolean): void
  readonly waiting: number
  /** Resolves when no write is under way any more. */
  close(): Promise<void>
}

export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  return new TimedQueue({ concurrency: 4, gatherMs: 200, retryAfter: backOff, ...options })
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 60_000
const OLDEST_TURN = 4

function backOff(_error: unknown, attempt: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt) * (0.75 + Math.random() / 2)
}

interface Waiting {
  readonly dueAt: number
  /** Order of the news. */
  readonly news: number
}

class TimedQueue implements WriteQueue {
  readonly #options: Required<WriteQueueOptions>
  readonly #waiting = new Map<string, Waiting>()
  readonly #attempts = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<void>>()
  #tokens: number
  #refilledAt = performance.now()
  #news = 0
  #turns = 0
  #isPaused = true
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  /** When the first of those that wait is due, while the timer runs for it; infinite where it does not. */
  #earliest = Number.POSITIVE_INFINITY

  constructor(options: Required<WriteQueueOptions>) {
    this.#options = options
    this.#tokens = options.burst
  }

  get waiting(): number {
    return this.#waiting.size
  }

  touch(key: string): void {
    if (this.#isClosed) return
    const dueAt = performance.now() + this.#options.gatherMs
    const before = this.#waiting.get(key)
    // What is tried again later because it failed is not tried earlier for news.
    const isFailing = this.#attempts.has(key) && before !== undefined
    const due = isFailing || (before !== undefined && before.dueAt < dueAt) ? before.dueAt : dueAt
    this.#wait(key, due)
    // Ten thousand wait after a start, and every report of a node touches some: they are not looked through each time.
    if (due < this.#earliest) this.#schedule()
  }

  setPaused(paused: boolean): void {
    this.#isPaused = paused
    this.#schedule()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#waiting.clear()
    await Promise.all(this.#underWay.values())
  }

  #wait(key: string, dueAt: number): void {
    this.#waiting.set(key, { dueAt, news: ++this.#news })
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    this.#earliest = Number.POSITIVE_INFINITY
    if (this.#isPaused || this.#isClosed || this.#waiting.size === 0) return
    if (this.#underWay.size >= this.#options.concurrency) return
    const now = performance.now()
    const earliest = this.#waiting
      .values()
      .reduce((min, { dueAt }) => Math.min(min, dueAt), Number.POSITIVE_INFINITY)
    this.#earliest = earliest
    const at = Math.max(earliest, this.#tokensAt(now))
    this.#timer = setTimeout(() => this.#run(), Math.max(0, at - now))
  }

  #run(): void {
    const now = performance.now()
    while (this.#underWay.size < this.#options.concurrency && this.#tokensAt(now) <= now) {
      const key = this.#next(now)
      if (key === undefined) break
      this.#waiting.delete(key)
      this.#underWay.set(key, this.#write(key))
    }
    this.#schedule()
  }

  #next(now: number): string | undefined {
    const wantsOldest = this.#turns % OLDEST_TURN === OLDEST_TURN - 1
    let best: string | undefined
    let bestNews = 0
    for (const [key, { dueAt, news }] of this.#waiting) {
      if (dueAt > now || this.#underWay.has(key)) continue
      if (best !== undefined && news > bestNews === wantsOldest) continue
      best = key
      bestNews = news
    }
    if (best !== undefined) this.#turns++
    return best
  }

  async #write(key: string): Promise<void> {
    // One request is paid for before it is made; what it did cost is settled afterwards.
    this.#tokens--
    let requests = 1
    try {
      const outcome = await this.#options.write(key)
      requests = outcome.requests
      this.#attempts.delete(key)
      const { again } = outcome
      if (again !== undefined && !this.#isClosed && !this.#waiting.has(key))
        this.#wait(key, performance.now() + again)
    } catch (error) {
      const attempt = this.#attempts.get(key) ?? 0
      this.#attempts.set(key, attempt + 1)
      this.#options.onError(key, error)
      if (!this.#isClosed) this.#wait(key, performance.now() + this.#options.retryAfter(error, attempt))
    }
    this.#tokens += 1 - requests
    this.#underWay.delete(key)
    this.#schedule()
  }

  /** When there is a token: `now` where there is one. */
  #tokensAt(now: number): number {
    const { rate, burst } = this.#options
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1_000) * rate)
    this.#refilledAt = now
    return this.#tokens >= 1 ? now : now + ((1 - this.#tokens) / rate) * 1_000
  }
}
