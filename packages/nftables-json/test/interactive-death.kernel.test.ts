// nft is killed over and over, between and inside transactions. Every transaction creates what is not there
// or deletes what is, so one that was lost or applied twice would be refused, or differ from the model.

import { readdirSync, readFileSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { afterAll, beforeAll, expect, test } from "vitest"
import { createInteractive, type InteractiveNft } from "../src/interactive.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Transaction } from "../src/schema.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

let namespace: NetworkNamespace
let command: readonly string[]

beforeAll(() => {
  namespace = createNamespace()
  command = [...namespace.enter, "nft"]
})

afterAll(() => {
  namespace.remove()
})

const place = { family: "inet", table: "t", name: "s" } as const

function elements(elem: readonly number[]) {
  return { element: { ...place, elem } }
}

async function setUp(nft: InteractiveNft): Promise<void> {
  await nft.run([
    { add: { table: { family: "inet", name: "t" } } },
    { flush: { table: { family: "inet", name: "t" } } },
    { add: { set: { ...place, type: "mark" } } },
    { flush: { set: { ...place, type: "mark" } } },
  ])
}

async function kernelElements(): Promise<readonly number[]> {
  const listed = await createOneShot({ command }).list({ kind: "set", ...place })
  const found = listed.flatMap((object) => ("set" in object ? (object.set.elem ?? []) : []))
  return found.filter((element) => typeof element === "number").toSorted((a, b) => a - b)
}

/** Deterministic: a failure comes back with its seed. */
type Below = (limit: number) => number

function random(seed: number): Below {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Plan {
  readonly transactions: readonly Transaction[]
  readonly expected: readonly number[]
}

function plan(count: number, below: Below): Plan {
  const present = new Set<number>()
  let next = 0
  const transactions = Array.from({ length: count }, () => {
    const added = Array.from({ length: 1 + below(below(4) === 0 ? 800 : 5) }, () => next++)
    const removed = [...present].filter(() => below(10) < 3)
    for (const element of added) present.add(element)
    for (const element of removed) present.delete(element)
    return [{ create: elements(added) }, ...(removed.length === 0 ? [] : [{ delete: elements(removed) }])]
  })
  return { transactions, expected: [...present].toSorted((a, b) => a - b) }
}

/**
 * Kills the nft of about every third transaction, some time after it was handed in: while it starts, reads,
 * commits, answers. At most twice a transaction, because the fifth time it would be given up.
 */
async function runUnderFire(nft: InteractiveNft, transaction: Transaction, below: Below): Promise<void> {
  const done = nft.run(transaction)
  const kills = below(3) === 0 ? 1 + below(2) : 0
  for (let i = 0; i < kills; i += 1) {
    await setTimeout(below(8))
    for (const pid of children("nft")) process.kill(pid, "SIGKILL")
  }
  await done
}

/** Processes that this one has started and that have become nft. */
function children(name: string): readonly number[] {
  const tasks = readdirSync("/proc/self/task")
  const pids = tasks.flatMap((task) => textOf(`/proc/self/task/${task}/children`).split(" "))
  return pids.filter((pid) => pid !== "" && textOf(`/proc/${pid}/comm`).trim() === name).map(Number)
}

/** "" for what has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

test.for<readonly [string, number, number]>([
  ["in the long-lived process", 64 * 1024, 1],
  ["in the long-lived process", 64 * 1024, 2],
  ["in processes of their own", 0, 3],
  ["in either", 3_000, 4],
])(
  "killed at any time, every transaction is applied once: %s, up to %i bytes, seed %i",
  async ([, maxLineBytes, seed]) => {
    const below = random(seed)
    const nft = createInteractive({ command, maxLineBytes })
    try {
      // Where the machine does other things, many are killed before or after their transaction: then others follow.
      for (let round = 0; round === 0 || (round < 10 && nft.statistics().lost <= 10); round += 1) {
        await setUp(nft)
        const { transactions, expected } = plan(150, below)
        for (const transaction of transactions) await runUnderFire(nft, transaction, below)
        expect(await kernelElements()).toEqual(expected)
      }
      expect(nft.statistics().lost).toBeGreaterThan(10)
    } finally {
      await nft.close()
    }
  },
)

test("killed while idle, the next transaction does not notice", async () => {
  const nft = createInteractive({ command })
  try {
    await setUp(nft)
    for (let i = 0; i < 20; i += 1) {
      for (const pid of children("nft")) process.kill(pid, "SIGKILL")
      if (i % 2 === 0) await setTimeout(20)
      await nft.run([{ create: elements([i]) }])
    }
    expect(await kernelElements()).toHaveLength(20)
  } finally {
    await nft.close()
  }
})
