import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { NftError } from "../src/errors.ts"
import { FENCE_TABLE } from "../src/fence.ts"
import { createInteractive, type InteractiveNft } from "../src/interactive.ts"
import { createOneShot } from "../src/one-shot.ts"
import type { Command, Transaction } from "../src/schema.ts"
import { createNamespace, type NetworkNamespace } from "./network-namespace.ts"

let namespace: NetworkNamespace
let command: readonly string[]

beforeAll(() => {
  namespace = createNamespace()
  command = [...namespace.enter, "nft"]
})

beforeEach(() => {
  namespace.run(["nft", "flush", "ruleset"])
})

afterAll(() => {
  namespace.remove()
})

const place = { family: "inet", table: "t", name: "s" } as const

const setUp: Transaction = [
  { add: { table: { family: "inet", name: "t" } } },
  { add: { set: { ...place, type: "mark" } } },
]

function create(...elem: readonly number[]): Command {
  return { create: { element: { ...place, elem } } }
}

function remove(...elem: readonly number[]): Command {
  return { delete: { element: { ...place, elem } } }
}

async function elements(): Promise<readonly number[]> {
  const listed = await createOneShot({ command }).list({ kind: "set", ...place })
  const found = listed.flatMap((object) => ("set" in object ? (object.set.elem ?? []) : []))
  return found.filter((element) => typeof element === "number").toSorted((a, b) => a - b)
}

async function withRunner(
  use: (nft: InteractiveNft) => Promise<void>,
  options: Parameters<typeof createInteractive>[0] = {},
): Promise<void> {
  const nft = createInteractive({ command, ...options })
  try {
    await nft.run(setUp)
    await use(nft)
  } finally {
    await nft.close()
  }
}

test("transactions are applied in the order in which they were handed in", async () => {
  await withRunner(async (nft) => {
    const steps = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? create(7) : remove(7)))
    await Promise.all(steps.map((step) => nft.run([step])))
    expect(await elements()).toEqual([])
    expect(nft.statistics().queued).toBe(0)
  })
})

test("a transaction is applied whole or not at all, and the refused command is named", async () => {
  await withRunner(async (nft) => {
    const refused = await nft.run([create(1), remove(99), create(2)]).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(NftError)
    expect(refused).toMatchObject({ code: "not-found", index: 1, command: remove(99), applied: "nothing" })
    expect(await elements()).toEqual([])
    await nft.run([create(3)])
    expect(await elements()).toEqual([3])
  })
})

test("what nft cannot parse is refused, and does not disturb what follows", async () => {
  await withRunner(async (nft) => {
    const expr = [{ accept: null }, { queue: "all" }] as const
    const unknown: Command = { add: { rule: { family: "inet", table: "t", chain: "c", expr } } }
    await expect(nft.run([create(1), unknown])).rejects.toMatchObject({
      code: "syntax",
      index: 1,
      command: unknown,
    })
    await nft.run([create(2)])
    expect(await elements()).toEqual([2])
  })
})

test("text beyond ASCII arrives as it is", async () => {
  await withRunner(async (nft) => {
    const comment = "Größe \u2028 \u{1F512} \u007f"
    const chain = { family: "inet", table: "t", name: "c" } as const
    const rule = { family: "inet", table: "t", chain: "c", comment, expr: [{ accept: null }] } as const
    await nft.run([{ add: { chain } }, { add: { rule } }])
    const listed = await nft.list({ kind: "chain", ...chain })
    expect(listed.flatMap((object) => ("rule" in object ? [object.rule.comment] : []))).toEqual([comment])
  })
})

test("a long transaction takes another way to the same end", async () => {
  await withRunner(async (nft) => {
    const many = Array.from({ length: 20_000 }, (_, i) => i)
    await nft.run([create(...many)])
    await nft.run([remove(5)])
    expect(await elements()).toEqual(many.filter((i) => i !== 5))
    await expect(nft.run([create(...many)])).rejects.toMatchObject({ code: "exists", index: 0 })
  })
})

test("a list sees every transaction that was handed in before it", async () => {
  await withRunner(async (nft) => {
    const before = nft.run([create(1)])
    const listed = nft.list({ kind: "set", ...place })
    await before
    expect(await listed).toContainEqual({
      set: { ...place, type: "mark", handle: expect.any(Number), elem: [1] },
    })
  })
})

test("the process is replaced before its history grows, and nobody notices", async () => {
  await withRunner(
    async (nft) => {
      for (let i = 0; i < 50; i += 1) await nft.run([create(i)])
      expect(nft.statistics()).toMatchObject({ lost: 0, processes: 6 })
      expect(await elements()).toHaveLength(50)
    },
    { maxLines: 10 },
  )
})

test("the process is replaced when its memory grows", async () => {
  await withRunner(
    async (nft) => {
      for (let i = 0; i < 80; i += 1) await nft.run([create(i)])
      expect(nft.statistics().processes).toBeGreaterThan(1)
    },
    { maxMemory: 1 },
  )
})

test("a full queue refuses at once", async () => {
  await withRunner(
    async (nft) => {
      const results = await Promise.allSettled([1, 2, 3, 4].map((i) => nft.run([create(i)])))
      expect(results.map((result) => result.status)).toEqual([
        "fulfilled",
        "fulfilled",
        "rejected",
        "rejected",
      ])
      expect(await elements()).toEqual([1, 2])
    },
    { maxQueued: 2 },
  )
})

test("after close nothing is left in the kernel, and nothing more is taken", async () => {
  const nft = createInteractive({ command })
  await nft.run(setUp)
  const last = nft.run([create(1)])
  await nft.close()
  await last
  expect(await elements()).toEqual([1])
  expect(namespace.run(["nft", "list", "tables"])).not.toContain(FENCE_TABLE)
  await expect(nft.run([create(2)])).rejects.toMatchObject({ code: "unavailable" })
})

test("two runners with names of their own do not meet", async () => {
  await withRunner(async (first) => {
    await withRunner(
      async (second) => {
        await Promise.all(
          Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? first : second).run([create(i)])),
        )
        expect(await elements()).toHaveLength(40)
      },
      { name: "other" },
    )
    await first.run([create(100)])
    expect(await elements()).toHaveLength(41)
  })
})

test("a foreign flush of the whole ruleset is survived", async () => {
  await withRunner(async (nft) => {
    namespace.run(["nft", "flush", "ruleset"])
    await nft.run([...setUp, create(1)])
    namespace.run(["nft", "delete", "table", "inet", FENCE_TABLE])
    await nft.run([create(2)])
    await expect(nft.run([create(2)])).rejects.toMatchObject({ code: "exists", index: 0 })
    expect(await elements()).toEqual([1, 2])
  })
})

test("a transaction that ends nft each time is given up, unapplied", async () => {
  await withRunner(async (nft) => {
    // nft 1.0.6 writes a log prefix into 128 bytes of its stack.
    const log = { log: { prefix: "p".repeat(300) } }
    const rule = { add: { rule: { family: "inet", table: "t", chain: "c", expr: [log] } } } as const
    const chain = { add: { chain: { family: "inet", table: "t", name: "c" } } } as const
    const outcome = await nft.run([create(1), chain, rule]).catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(NftError)
    expect(outcome).toMatchObject({ applied: "nothing" })
    expect(await elements()).toEqual([])
    await nft.run([create(2)])
    expect(await elements()).toEqual([2])
  })
})

test("without nft, or without the right, the error says so", async () => {
  const missing = createInteractive({ command: ["nft-that-is-not-there"] })
  await expect(missing.run(setUp)).rejects.toMatchObject({ code: "unavailable", applied: "nothing" })
  await missing.close()
  const powerless = createInteractive({
    command: [...namespace.enter, "setpriv", "--reuid=65534", "--clear-groups", "nft"],
  })
  await expect(powerless.run(setUp)).rejects.toMatchObject({ code: "permission", applied: "nothing" })
  await powerless.close()
})
