// The stream of one node: its numbers, what it has not acknowledged, and whether it can follow.
//
// A reader that is slow gets no queue. What it misses is left out, and when it has read what was sent it gets the
// whole ruleset once more: memory for a stream is one buffer and a list of addresses, however slow it is.

import type { NodeReport, StreamRequest } from "../wire/messages.ts"
import type { RenderedRuleset } from "./shared-rulesets.ts"
import {
  encodeMessage,
  encodeRuleset,
  encodeUnchanged,
  encodeUpdate,
  type RulesetContent,
  type UpdateBody,
} from "./stream-message.ts"

/** Where lines go: the answer to an agent's request. */
export interface StreamSink {
  /** Bytes that were written and that the agent's socket has not taken yet. */
  buffered(): number
  write(line: string): void
  /** Nothing may be written afterwards. */
  end(reason: string): void
}

/** A kernel carries the revision as a mark. */
const LAST_REVISION = 0xffffffff
/** Bytes in flight beyond which a stream gets no updates. */
const MOST_BUFFERED = 1024 * 1024
/** Agents give a replica up that says nothing for 15 s. */
const ALIVE_AFTER_MS = 4_000
const OWNERS_AFTER_MS = 2_000
/** Of addresses that wait for an acknowledgement; the connections' owners are compared again on a new stream. */
const MOST_FORGOTTEN = 50_000

/** `forget`: beside the addresses that are not acknowledged yet. */
export interface WholeRuleset extends Omit<RulesetContent, "revision"> {
  /** Undefined where the agent holds what the digest names. */
  readonly rendered: RenderedRuleset | undefined
}

export class NodeStream {
  readonly node: string
  readonly request: StreamRequest
  readonly #sink: StreamSink
  #revision: number
  /** The last that the agent was told. */
  #asOf = ""
  /** The agent holds what the program was when `#revision` was written. */
  #isFollowing = false
  #hasBegun = false
  #refuses = false
  #writtenAt: number
  #heardAt: number
  #unacknowledged: { readonly revision: number; readonly addresses: readonly string[] }[] = []
  #forgotten = 0
  #sent: { readonly revision: number; readonly at: number }[] = []

  constructor(node: string, request: StreamRequest, { sink, now }: { sink: StreamSink; now: number }) {
    this.node = node
    this.request = request
    this.#sink = sink
    this.#revision = request.revision
    this.#writtenAt = now
    this.#heardAt = now
  }

  /** Of the newest message; before the first, what the agent came with. */
  get revision(): number {
    return this.#revision
  }

  /** The first message is out. */
  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** False: the next message must be a whole ruleset. */
  get isFollowing(): boolean {
    return this.#isFollowing
  }

  get isBlocked(): boolean {
    return this.buffered > MOST_BUFFERED
  }

  /** Bytes that the agent's socket has not taken yet. */
  get buffered(): number {
    return this.#sink.buffered()
  }

  /** When it began, or the last report came or could have come; milliseconds since the epoch. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Its agent can say nothing. */
  excuse(now: number): void {
    this.#heardAt = now
  }

  /** What the agent holds is behind, until the next whole ruleset. */
  loseTrack(): void {
    this.#isFollowing = false
  }

  /** Kept until a report acknowledges it; false where too much waits, and the stream must end. */
  keepForgotten(addresses: readonly string[]): boolean {
    if (addresses.length === 0) return true
    this.#unacknowledged.push({ revision: nextRevision(this.#revision), addresses })
    this.#forgotten += addresses.length
    return this.#forgotten <= MOST_FORGOTTEN
  }

  /** An agent that refused an update has not forgotten what it named. */
  get owedAddresses(): readonly string[] {
    return this.#refuses ? this.#allForgotten() : []
  }

  sendUpdate(body: UpdateBody, asOf: string, now: number): void {
    this.#asOf = asOf
    const from = this.#revision
    this.#revision = nextRevision(from)
    this.#write(encodeUpdate(body, from, this.#revision), now)
    this.#remember(now)
  }

  /** The agent came with this ruleset, and has been sent nothing since. */
  holds(digest: string): boolean {
    return !this.#hasBegun && this.request.revision > 0 && this.request.digest === digest
  }

  sendWhole({ rendered, ...whole }: WholeRuleset, now: number): "ruleset" | "unchanged" {
    this.keepForgotten(whole.forget)
    const forget = this.#allForgotten()
    const isHeld = rendered === undefined || this.holds(whole.digest)
    // Where there is nothing to do the number stays, and the agent need not touch the kernel.
    if (!isHeld || forget.length > 0) this.#revision = nextRevision(this.#revision)
    const content = { ...whole, revision: this.#revision, forget }
    this.#unacknowledged = forget.length === 0 ? [] : [{ revision: this.#revision, addresses: forget }]
    this.#forgotten = forget.length
    this.#hasBegun = true
    this.#isFollowing = true
    this.#asOf = whole.asOf
    this.#write(isHeld ? encodeUnchanged(content) : encodeRuleset(content, rendered), now)
    this.#remember(now)
    return isHeld ? "unchanged" : "ruleset"
  }

  /**
   * Asked for every second. An agent whose ruleset has no part in a new pod must know of it all the same: when it comes
   * back, the connections of pods that are news to it are forgotten.
   */
  beat(asOf: string, now: number): void {
    const silence = now - this.#writtenAt
    if (this.isBlocked) return
    if (this.#isFollowing && asOf !== this.#asOf && silence >= OWNERS_AFTER_MS) {
      this.#asOf = asOf
      this.#write(encodeMessage({ kind: "unchanged", revision: this.#revision, asOf }), now)
    } else if (silence >= ALIVE_AFTER_MS) {
      this.#write(encodeMessage({ kind: "alive" }), now)
    }
  }

  sendLine(line: string, now: number): void {
    this.#write(line, now)
  }

  /** When the newest message that the report acknowledges was sent; undefined where it acknowledges nothing new. */
  acknowledge({ revision, error }: NodeReport, now: number): number | undefined {
    this.#heardAt = now
    this.#refuses = error !== ""
    if (error === "") {
      this.#unacknowledged = this.#unacknowledged.filter((each) => isLater(each.revision, revision))
      this.#forgotten = this.#unacknowledged.reduce((sum, { addresses }) => sum + addresses.length, 0)
    }
    const reached = this.#sent.find((each) => each.revision === revision)
    if (reached === undefined) return undefined
    this.#sent = this.#sent.filter((each) => isLater(each.revision, revision))
    return reached.at
  }

  end(reason: string): void {
    this.#sink.end(reason)
  }

  #write(line: string, now: number): void {
    this.#writtenAt = now
    this.#sink.write(line)
  }

  /** Messages whose reports may still come; an agent that merges updates reports the last. */
  #remember(now: number): void {
    this.#sent.push({ revision: this.#revision, at: now })
    if (this.#sent.length > MOST_REMEMBERED) this.#sent.shift()
  }

  #allForgotten(): readonly string[] {
    return [...new Set(this.#unacknowledged.flatMap(({ addresses }) => addresses))]
  }
}

const MOST_REMEMBERED = 256

function nextRevision(revision: number): number {
  return revision >= LAST_REVISION ? 1 : revision + 1
}

/** Numbers begin again after the last: what is less than half of all ahead is later. */
function isLater(revision: number, than: number): boolean {
  const ahead = (revision - than + LAST_REVISION) % LAST_REVISION
  return ahead !== 0 && ahead < LAST_REVISION / 2
}
