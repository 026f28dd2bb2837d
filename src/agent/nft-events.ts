// What was committed to nftables, batch by batch, as nftables-events.pl prints it.

/** One committed batch, reduced to what it concerned. */
export interface EventBatch {
  /** "inet postern", each once. */
  readonly tables: ReadonlySet<string>
  /** The element that the batch added to the set `revision` of `inet postern`; undefined where it added none. */
  readonly revision: number | undefined
  /** A base chain, in whatever table, came. */
  readonly baseChain: boolean
}

export type NftablesEvent =
  | { readonly kind: "listening" }
  | { readonly kind: "lost" }
  | { readonly kind: "batch"; readonly batch: EventBatch }

/** Undefined for a line that this version does not know. */
export function readEvent(line: string): NftablesEvent | undefined {
  const [kind, ...fields] = line.split("\t")
  if (kind === "listening" || kind === "lost") return { kind }
  return kind === "batch" ? { kind, batch: readBatch(fields) } : undefined
}

function readBatch(fields: readonly string[]): EventBatch {
  const tables = new Set<string>()
  let revision: number | undefined
  let baseChain = false
  for (let at = 0; at < fields.length; at++) {
    const [field = "", next = ""] = fields.slice(at, at + 2)
    if (field === "hook") {
      baseChain = true
      continue
    }
    if (field === "revision") revision = Number(next)
    else tables.add(`${field} ${next}`)
    at++
  }
  return { tables, revision, baseChain }
}
