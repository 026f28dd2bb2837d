// An enforcer that enforces nothing: it remembers what it was told, and takes as long as a test wants.

import { EnforcerError } from "../../src/agent/enforcer-error.ts"
import type { ProgramTarget } from "../../src/agent/process/program-feed.ts"

export interface FakeTarget extends ProgramTarget {
  /** What came, in order: "replace 5", "update 5-6", "unchanged 5". */
  readonly calls: string[]
  /** Calls that have not been answered. */
  readonly waiting: number
  /** What an agent before this one has left. */
  hold(revision: number, digest: string): void
  /** Nothing is answered until `release`. */
  block(): void
  release(): void
  /** The next call fails so. */
  failNext(error: Error): void
}

export function createFakeTarget(): FakeTarget {
  const calls: string[] = []
  let held = { revision: 0, digest: "", asOf: "" }
  let gate: PromiseWithResolvers<void> | undefined
  let failure: Error | undefined
  let waiting = 0
  const take = async (call: string, next: typeof held): Promise<void> => {
    calls.push(call)
    waiting++
    await gate?.promise
    waiting--
    const error = failure
    failure = undefined
    if (error !== undefined) throw error
    held = next
  }
  return {
    calls,
    get waiting() {
      return waiting
    },
    hold: (revision, digest) => {
      held = { revision, digest, asOf: "" }
    },
    block: () => {
      gate = Promise.withResolvers()
    },
    release: () => {
      gate?.resolve()
      gate = undefined
    },
    failNext: (error) => {
      failure = error
    },
    held: () => held,
    connections: async () => ["10.0.0.1"],
    replace: ({ revision, asOf = "" }) =>
      take(`replace ${revision}`, { revision, digest: `d${revision}`, asOf }),
    unchanged: ({ revision, asOf = "" }) => take(`unchanged ${revision}`, { ...held, revision, asOf }),
    update: ({ from, revision, asOf = "" }) => {
      const last = Number(calls.at(-1)?.match(/\d+$/)?.[0] ?? held.revision)
      if (from !== last)
        return Promise.reject(new EnforcerError("out-of-step", `${from} does not follow ${last}`))
      return take(`update ${from}-${revision}`, { revision, digest: `d${revision}`, asOf })
    },
  }
}
