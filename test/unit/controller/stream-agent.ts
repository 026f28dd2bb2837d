// An agent without a kernel: it holds what the messages of its streams make of what it held, and its connections.

import { apply } from "nftables-json/apply"
import type { Ruleset } from "nftables-json/schema"
import type { Distributor, StreamAttachment } from "../../../src/controller/distributor.ts"
import { rulesetDigest } from "../../../src/wire/digest.ts"
import type { ControllerMessage, NodeReport, StreamRequest } from "../../../src/wire/messages.ts"
import { PROTOCOL_VERSION } from "../../../src/wire/messages.ts"
import type { Binding, Owners } from "../../../src/wire/node-ruleset.ts"
import { reportOf } from "../../agent/report.ts"

export interface Connection {
  readonly address: string
  /** Who owned the address when it began. */
  readonly uid: string
}

export class StreamAgent {
  readonly node: string
  readonly #distributor: Distributor
  #attachment: StreamAttachment | undefined
  /** Lines that are on their way. */
  #waiting: string[] = []
  ruleset: Ruleset = []
  revision = 0
  asOf = ""
  connections: Connection[] = []
  bindings: readonly Binding[] = []
  owners: Owners = {}
  /** Takes nothing from its socket. */
  isSlow = false
  /** Of what came, in order. */
  readonly kinds: ControllerMessage["kind"][] = []
  onLine: (line: string) => void = () => undefined
  /** The longest that its socket's buffer has been. */
  mostBuffered = 0

  constructor(node: string, distributor: Distributor) {
    this.node = node
    this.#distributor = distributor
  }

  get isConnected(): boolean {
    return this.#attachment !== undefined
  }

  connect(): void {
    this.disconnect()
    this.#waiting = []
    const waiting = this.#waiting
    this.#attachment = this.#distributor.attach(this.node, this.request(), {
      buffered: () => (this.isSlow ? waiting.reduce((sum, line) => sum + line.length, 0) * SLOWNESS : 0),
      write: (line) => {
        this.onLine(line)
        waiting.push(line)
        this.mostBuffered = Math.max(this.mostBuffered, waiting.length)
        if (!this.isSlow) this.read()
      },
      end: () => this.disconnect(),
    })
  }

  request(): StreamRequest {
    return {
      protocol: PROTOCOL_VERSION,
      version: "test",
      revision: this.revision,
      digest: this.revision === 0 ? "" : rulesetDigest(this.ruleset),
      asOf: this.asOf,
      connections: this.connections.map(({ address }) => address),
    }
  }

  disconnect(): void {
    const attachment = this.#attachment
    this.#attachment = undefined
    attachment?.detach()
  }

  /** Reads all that waits. */
  read(): void {
    const lines = this.#waiting.splice(0)
    for (const line of lines) this.#take(JSON.parse(line))
    this.#attachment?.drained()
  }

  report(rest: Partial<NodeReport> = {}): void {
    this.#distributor.report(this.node, reportOf(this.revision, rest))
  }

  #take(message: ControllerMessage): void {
    this.kinds.push(message.kind)
    switch (message.kind) {
      case "hello":
      case "replicas":
      case "alive":
        return
      case "ruleset":
        this.ruleset = message.ruleset
        this.owners = {}
        return this.#advance(message)
      case "unchanged":
        return this.#advance(message)
      case "update":
        if (message.from !== this.revision) throw new Error(`from ${message.from}, held ${this.revision}`)
        this.ruleset = [message.plan.add, message.plan.flip, message.plan.remove].reduce(apply, this.ruleset)
        return this.#advance(message)
    }
  }

  #advance({ revision, asOf, forget = [], bindings = this.bindings, owners }: Advance): void {
    this.bindings = bindings
    this.owners = { ...this.owners, ...owners }
    this.revision = revision
    this.asOf = asOf
    const gone = new Set(forget)
    this.connections = this.connections.filter(({ address }) => !gone.has(address))
  }
}

interface Advance {
  readonly revision: number
  readonly asOf: string
  readonly forget?: readonly string[] | undefined
  readonly bindings?: readonly Binding[] | undefined
  readonly owners?: Owners | undefined
}

/** A slow reader's buffer counts as long, so that small clusters fill it. */
const SLOWNESS = 2_000
