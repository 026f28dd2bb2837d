// What has failed so far, and what to try next: how the list is read, in which portions, after which delay.

import { AnswerTooLargeError, ApiError, HistoryError, isStatus } from "./api-error.ts"
import { type RetryTiming, retryDelay } from "./retry-delay.ts"

export interface AttemptsOptions {
  readonly timing: RetryTiming
  readonly pageSize: number
  readonly watchList: boolean
}

/** A kind is gone when its collection was not found so often in a row; a starting server may miss it once. */
const ABSENCES = 3

/** Whatever the server's reason for refusing a version so often, a list needs none. */
const REFUSALS = 5

export class Attempts {
  readonly #timing: RetryTiming
  /** In a row, without an answer. */
  #silences = 0
  /** In a row, with an answer that is an error. */
  #refusals = 0
  #absences = 0
  #pageSize: number
  #watchList: "offered" | "failed" | "refused"

  constructor({ timing, pageSize, watchList }: AttemptsOptions) {
    this.#timing = timing
    this.#pageSize = pageSize
    this.#watchList = watchList ? "offered" : "refused"
  }

  get pageSize(): number {
    return this.#pageSize
  }

  /** KEP-3157. Not after it has failed: the reason may be one that a list in pages does not meet. */
  get usesWatchList(): boolean {
    return this.#watchList === "offered"
  }

  refuseWatchList(): void {
    this.#watchList = "refused"
  }

  listed(): void {
    this.#absences = 0
    if (this.#watchList === "failed") this.#watchList = "offered"
  }

  /** A stream has brought something, or lived for long. */
  streamed(): void {
    this.#silences = 0
    this.#refusals = 0
  }

  /** A list could not be read. */
  listFailed(error: Error): void {
    this.#count(error)
    if (this.#watchList === "offered") this.#watchList = "failed"
    else if (error instanceof AnswerTooLargeError)
      this.#pageSize = Math.max(1, Math.floor(this.#pageSize / 4))
    // In the middle of a list: it takes longer than the server remembers, so it must take fewer requests.
    else if (isExpired(error)) this.#pageSize *= 4
  }

  /** A watch has broken off; true where nothing is left but to list again. */
  watchFailed(error: Error): boolean {
    this.#count(error)
    if (isExpired(error) || isStatus(error, 404)) return true
    return error instanceof ApiError && this.#refusals % REFUSALS === 0
  }

  /** True where it has been missing long enough for its objects to be gone. */
  missed(): boolean {
    return ++this.#absences >= ABSENCES
  }

  /** A version that is too old is no sign of trouble, the first time. */
  delay(error: Error): number {
    if (isExpired(error) && this.#refusals === 1) return 0
    const failures = error instanceof ApiError ? this.#refusals : this.#silences
    return retryDelay(error, { failures, random: Math.random() }, this.#timing)
  }

  #count(error: Error): void {
    if (error instanceof ApiError) {
      this.#refusals++
      this.#silences = 0
    } else {
      this.#silences++
    }
  }
}

/** 400 and 422: it does not know the parameters. 500: etcd before 3.5.13 cannot say how far a watch has come. */
export function isWatchListRefusal(error: Error): boolean {
  if (!(error instanceof ApiError)) return false
  return [400, 422, 501].includes(error.status) || /RequestWatchProgress/.test(error.message)
}

/** The server's history has been set back: etcd was restored from a copy. What we hold may have become untrue. */
export function isRewound(error: Error): boolean {
  if (error instanceof HistoryError) return true
  return error instanceof ApiError && /too large resource version/i.test(error.message)
}

function isExpired(error: Error): boolean {
  if (!(error instanceof ApiError)) return false
  return error.status === 410 || ["Expired", "Gone"].includes(error.reason) || isRewound(error)
}
