// How the API server is known: by a path that only those can know who may read the ValidatingWebhookConfiguration.
//
// It sends no credentials to a webhook unless it was started with some. Whoever else reaches the port could claim to be
// anybody in a review of his own, and would be told who reaches whom in namespaces that are none of his business.
//
// Where a call fails that must not (failurePolicy Fail), kube-apiserver shows the whole URL to whoever made the request
// (seen with 1.34: "failed to call webhook: Post ...: context deadline exceeded"). So no token is good for long: there is
// another one when a replica starts, when a call was broken off, and every hour. Each has its time of issue in it, and the
// newest one in the configuration counts, whichever replica wrote it.

import { createHmac, timingSafeEqual } from "node:crypto"

export interface CallerToken {
  /** The key of the serving certificate, PEM, which all replicas share. */
  setKey(key: string): void
  /** What the configuration is to hold; "" before the first key. */
  readonly path: string
  /** What it holds. */
  seen(path: string): void
  /** A call was broken off: somebody may have been shown the token. */
  suspect(): void
  /** Now and then: whether the configuration is to be written. */
  isDue(): boolean
  accepts(token: string): boolean
}

const VALIDATE = "/validate/"
const PERIOD_MS = 3_600_000
/** Until every API server has heard of another token; calls on their way have the one before. */
const GRACE_MS = 30_000
/** Twelve digits of the time, 128 bits of a MAC. In a webhook's path the API server takes small letters and digits. */
const FORM = /^([0-9a-f]{12})[0-9a-f]{32}$/

export function createCallerToken(now: () => number = Date.now): CallerToken {
  return new Caller(now)
}

class Caller implements CallerToken {
  readonly #now: () => number
  #key = ""
  #lastKey = ""
  /** Times of issue, in milliseconds: of the token that is to be in the configuration, that is, and that was. */
  #wanted = 0
  #current = 0
  #before = 0
  #changedAt = 0
  #isSuspect = false
  #isStarting = true

  constructor(now: () => number) {
    this.#now = now
  }

  setKey(key: string): void {
    if (key === this.#key) return
    this.#lastKey = this.#key
    this.#key = key
    this.#wanted = this.#nextIssue()
    if (this.#lastKey !== "") return
    // What another replica has written before this one began.
    this.#current = this.#wanted - (PERIOD_MS + GRACE_MS)
    this.#before = this.#current
    this.#changedAt = this.#now()
  }

  get path(): string {
    return this.#key === "" ? "" : `${VALIDATE}${tokenOf(this.#wanted, this.#key)}`
  }

  seen(path: string): void {
    const token = path.slice(VALIDATE.length)
    const issued = issueOf(token)
    if (issued <= this.#current || !isEqual(token, tokenOf(issued, this.#key))) return
    this.#before = this.#current
    this.#current = issued
    // Made before this replica began, by a clock that is ahead.
    if (this.#isStarting && issued > this.#wanted) this.#wanted = issued + 1
    else this.#wanted = Math.max(this.#wanted, issued)
    this.#isStarting = false
    this.#changedAt = this.#now()
    this.#isSuspect = false
  }

  suspect(): void {
    this.#isSuspect = true
  }

  isDue(): boolean {
    if (this.#key === "") return false
    const age = this.#now() - this.#changedAt
    const isOver = age >= PERIOD_MS || (this.#isSuspect && age >= GRACE_MS)
    if (isOver && this.#wanted <= this.#current) {
      this.#wanted = this.#nextIssue()
      this.#lastKey = ""
    }
    return this.#wanted > this.#current
  }

  /** A newer one than was seen is another replica's. */
  accepts(token: string): boolean {
    const issued = issueOf(token)
    const isRecent = this.#now() - this.#changedAt < GRACE_MS
    if (this.#key === "" || issued < (isRecent ? this.#before : this.#current)) return false
    return [this.#key, this.#lastKey].some((key) => key !== "" && isEqual(token, tokenOf(issued, key)))
  }

  #nextIssue(): number {
    return Math.max(this.#now(), this.#wanted + 1)
  }
}

/** -1 for what is no token. */
function issueOf(token: string): number {
  const [, issued] = FORM.exec(token) ?? []
  return issued === undefined ? -1 : Number.parseInt(issued, 16)
}

function tokenOf(issued: number, key: string): string {
  const time = Math.max(0, issued).toString(16).padStart(12, "0")
  const mac = createHmac("sha256", key).update(`postern: admission caller ${time}`).digest("hex")
  return `${time}${mac.slice(0, 32)}`
}

function isEqual(token: string, expected: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
