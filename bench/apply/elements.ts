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
const SINGLE_CHANGES = 60
export const NEIGHBOUR_CHAINS = 20_000

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
    const loads: Timing[] = []
    for (const flags of [[], ["interval"]] as const) {
      const kind = flags.length === 0 ? "hash" : "interval"
      loads.push({
        operation: `fresh ruleset, ${kind} sets`,
        milliseconds: await timed(() => oneShot.run(table(kind))),
      })
    }
    const list = await timed(() => oneShot.list({ kind: "table", family: "inet", name: "postern" }))
    return [
      ...loads,
      { operation: "read the table back, parsed", milliseconds: list },
      ...(await singles(oneShot, "a new nft process each", 20)),
      ...(await singles(interactive, "long-lived nft", SINGLE_CHANGES)),
    ]
  } finally {
    await interactive.close()
    await oneShot.close()
    namespace.close()
  }
}

async function singles(nft: Nft, runner: string, count: number): Promise<readonly Timing[]> {
  const add: number[] = []
  const remove: number[] = []
  for (let i = 0; i < count; i++) {
    add.push(await timed(() => nft.run([{ add: element(i) }])))
    remove.push(await timed(() => nft.run([{ delete: element(i) }])))
  }
  return [
    { operation: `add one element, ${runner}`, milliseconds: median(add) },
    { operation: `delete one element, ${runner}`, milliseconds: median(remove) },
  ]
}

function element(i: number) {
  return { element: { ...TABLE, name: "hash-0", elem: [`172.20.${i >> 8}.${i & 255}`] } } as const
}

/** Ten sets of 10,000 addresses; neighbours are two apart, so that no interval merges. */
function table(kind: "hash" | "interval"): Transaction {
  const sets = Array.from({ length: 10 }, (_, s): Command => {
    const elem = Array.from({ length: ELEMENTS / 10 }, (_, i) => `10.${s}.${i >> 7}.${(i & 127) * 2}`)
    const plain: NftSet = { ...TABLE, name: `${kind}-${s}`, type: "ipv4_addr", elem }
    return { add: { set: kind === "hash" ? plain : { ...plain, flags: ["interval"] } } }
  })
  return [{ add: { table: { family: "inet", name: "postern" } } }, ...sets]
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
