// What nft takes for a table of 100,000 elements, and for one element of it.

import { createInteractive } from "nftables-json/interactive"
import type { Nft } from "nftables-json/nft"
import { createOneShot } from "nftables-json/one-shot"
import type { Command, NftSet, Transaction } from "nftables-json/schema"
import { median } from "../calibration.ts"
import { openNamespace } from "./namespace.ts"

export interface ApplyResult {
  readonly operation: string
  /** Alone, and beside a foreign table of 20,000 chains. */
  readonly milliseconds: readonly [number, number]
}

const ELEMENTS = 100_000
const FEW = 10
const MANY = 200
export const NEIGHBOUR_CHAINS = 20_000

type Kind = "hash" | "interval"

const TABLE_OBJECT = { family: "inet", name: "postern" } as const
const TABLE = { family: "inet", table: "postern" } as const

export async function measureElements(progress: (text: string) => void): Promise<readonly ApplyResult[]> {
  const alone = await measureIn(0, progress)
  const beside = await measureIn(NEIGHBOUR_CHAINS, progress)
  return alone.map(({ operation, milliseconds }, i) => ({
    operation,
    milliseconds: [milliseconds, beside[i]?.milliseconds ?? Number.NaN],
  }))
}

interface Timing {
  readonly operation: string
  readonly milliseconds: number
}

async function measureIn(chains: number, progress: (text: string) => void): Promise<readonly Timing[]> {
  progress(`apply, 100,000 elements${chains > 0 ? ` beside ${chains} foreign chains` : ""}`)
  const namespace = openNamespace(chains)
  const oneShot = createOneShot({ command: [...namespace.prefix, "nft"] })
  const interactive = createInteractive({ command: [...namespace.prefix, "nft"] })
  try {
    const load = (kind: Kind) => timed(() => oneShot.run(table(kind)))
    // With intervals first: nft reads all of them, of every table, before it adds a single element.
    const interval = await load("interval")
    const besideIntervals = await addAndDelete(interactive, FEW)
    await oneShot.run([{ delete: { table: TABLE_OBJECT } }])
    const hash = await load("hash")
    const list = await timed(() => oneShot.list({ kind: "table", family: "inet", name: "postern" }))
    const fresh = await addAndDelete(oneShot, FEW)
    const lasting = await addAndDelete(interactive, MANY)
    return [
      { operation: "fresh ruleset, hash sets", milliseconds: hash },
      { operation: "fresh ruleset, interval sets", milliseconds: interval },
      { operation: "read the table back, parsed", milliseconds: list },
      { operation: "add one element, a new nft process each", milliseconds: fresh.add },
      { operation: "delete one element, a new nft process each", milliseconds: fresh.remove },
      { operation: "add one element, long-lived nft", milliseconds: lasting.add },
      { operation: "delete one element, long-lived nft", milliseconds: lasting.remove },
      { operation: "the same, 100,000 interval elements in the table", milliseconds: besideIntervals.remove },
    ]
  } finally {
    await interactive.close()
    await oneShot.close()
    namespace.close()
  }
}

async function addAndDelete(
  nft: Nft,
  count: number,
): Promise<{ readonly add: number; readonly remove: number }> {
  const add: number[] = []
  const remove: number[] = []
  for (let i = 0; i < count; i++) {
    add.push(await timed(() => nft.run([{ add: element(i) }])))
    remove.push(await timed(() => nft.run([{ delete: element(i) }])))
  }
  return { add: median(add), remove: median(remove) }
}

function element(i: number) {
  return { element: { ...TABLE, name: "probe", elem: [`172.20.${i >> 8}.${i & 255}`] } } as const
}

/** Ten sets of 10,000 addresses; neighbours are two apart, so that no interval merges. */
function table(kind: Kind): Transaction {
  const sets = Array.from({ length: 10 }, (_, s): Command => {
    const elem = Array.from({ length: ELEMENTS / 10 }, (_, i) => `10.${s}.${i >> 7}.${(i & 127) * 2}`)
    const plain: NftSet = { ...TABLE, name: `${kind}-${s}`, type: "ipv4_addr", elem }
    return { add: { set: kind === "hash" ? plain : { ...plain, flags: ["interval"] } } }
  })
  const probe: Command = { add: { set: { ...TABLE, name: "probe", type: "ipv4_addr" } } }
  return [{ add: { table: TABLE_OBJECT } }, probe, ...sets]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
