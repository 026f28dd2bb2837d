// The lab's one long-lived process, prober.pl, and the lines spoken with it.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { toolEnvironment } from "./command.ts"

export interface ProberReply {
  /** ok, answered, timeout, refused, unreachable or error. */
  readonly outcome: string
  readonly detail: string
}

export class Prober {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<string, (reply: ProberReply) => void>()
  #sent = 0
  #rest = ""
  #complaint = ""
  #ended = false

  constructor() {
    // A group of its own: Ctrl-C in the terminal ends the lab in its order, not this process under it.
    this.#child = spawn("perl", [fileURLToPath(new URL("prober.pl", import.meta.url))], {
      env: toolEnvironment(),
      detached: true,
    })
    this.#child.stdout.on("data", (chunk: Buffer) => this.#receive(chunk.toString("latin1")))
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2000)
    })
    this.#child.stdin.on("error", () => {})
    this.#child.on("error", (error) => this.#end(error.message))
    this.#child.on("close", () => this.#end(this.#complaint.trim() || "the prober ended"))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Sends one request; its answer, or an `error` reply when the process is gone. */
  request(verb: "sysctl" | "listen" | "probe", fields: readonly (string | number)[]): Promise<ProberReply> {
    if (this.#ended)
      return Promise.resolve({ outcome: "error", detail: this.#complaint || "the prober ended" })
    const id = String(++this.#sent)
    const { promise, resolve } = Promise.withResolvers<ProberReply>()
    this.#waiting.set(id, resolve)
    this.#child.stdin.write(`${[verb, id, ...fields].join("\t")}\n`)
    return promise
  }

  /** Ends the process; its sockets no longer hold their namespaces when this resolves. */
  async close(): Promise<void> {
    if (this.#ended) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#child.once("close", () => resolve())
    this.#child.stdin.end()
    await promise
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n")
    this.#rest = lines.pop() ?? ""
    for (const line of lines) {
      const [id = "", outcome = "", detail = ""] = line.split("\t")
      this.#waiting.get(id)?.({ outcome, detail })
      this.#waiting.delete(id)
    }
  }

  #end(problem: string): void {
    this.#ended = true
    this.#complaint = problem
    for (const resolve of this.#waiting.values()) resolve({ outcome: "error", detail: problem })
    this.#waiting.clear()
  }
}
