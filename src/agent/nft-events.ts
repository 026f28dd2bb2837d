// Changes of nftables, as `nft monitor` tells them, gathered into the batches that were committed together.
//
// The text form, not JSON: in nft 1.0.6 only the text says where a batch ends ("# new generation 8 by process
// 77 (nft)"), and the JSON of deleted rules with anonymous sets is wrong. The process id is that of
// the machine, not of the agent's container, so it cannot tell whose batch it is: the agent's own batches
// rewrite the element of the set `revision`, and nobody else has a reason to.

import type { Family } from "nftables-json/schema"

export interface TableName {
  readonly family: Family
  readonly name: string
}

/** One committed batch, reduced to what it concerned. */
export interface EventBatch {
  /** "inet postern", each once. */
  readonly tables: ReadonlySet<string>
  /** The revision that the batch wrote; undefined where it wrote none. */
  readonly revision: number | undefined
  /** A base chain, in whatever table, came or went. */
  readonly baseChains: boolean
}

export interface EventReader {
  readonly line: (line: string) => void
}

/** Calls `batch` at the end of each; `lost` when the kernel says that events were dropped. */
export function readEvents(batch: (batch: EventBatch) => void, lost: () => void): EventReader {
  let tables = new Set<string>()
  let revision: number | undefined
  let baseChains = false
  const finish = (): void => {
    if (tables.size > 0) batch({ tables, revision, baseChains })
    tables = new Set()
    revision = undefined
    baseChains = false
  }
  return {
    line: (line) => {
      if (line.startsWith("# new generation")) return finish()
      if (line.startsWith("# ERROR")) return lost()
      const found = EVENT.exec(line)
      if (found === null) return
      const [, verb, object, family, name, rest = ""] = found
      tables.add(`${family} ${name}`)
      revision = writtenRevision(`${verb} ${object}`, rest) ?? revision
      if (object === "chain" && (verb === "delete" || rest.includes(" hook "))) baseChains = true
    },
  }
}

const EVENT = /^(add|insert|replace|delete|create|destroy) (\w+) (\w+) (\S+)(.*)$/
const REVISION = /^ revision \{ (0x[0-9a-f]+|\d+) \}$/

function writtenRevision(event: string, rest: string): number | undefined {
  if (event !== "add element") return undefined
  const text = REVISION.exec(rest)?.[1]
  return text === undefined ? undefined : Number(text)
}
