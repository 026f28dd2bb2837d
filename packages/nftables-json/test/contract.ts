// What the fake and the kernel must agree on: transactions and their outcome.
//
// Every outcome was taken from nft 1.0.6 on Linux 6.18.

import { expect, test } from "vitest"
import { NftError } from "../src/errors.ts"
import type { Nft } from "../src/nft.ts"
import { normalize } from "../src/normalize.ts"
import type { Ruleset, Transaction } from "../src/schema.ts"
import { add, chain, forward, map, set, table } from "./commands.ts"
import { ELEMENTS, INTERVALS } from "./contract-elements.ts"
import { OBJECTS } from "./contract-objects.ts"
import { RULES } from "./contract-rules.ts"

export interface Row {
  readonly name: string
  /** In force beforehand, with BASE. */
  readonly given?: Transaction
  readonly when: Transaction
  readonly outcome: "applied" | NftError["code"]
}

/** Chains c, d and the base chain b; sets s and i (intervals); maps m and p (port intervals). Handles are 1 to 7. */
export const BASE: Transaction = add(
  table,
  chain("c"),
  chain("d"),
  chain("b", forward),
  set("s"),
  map("m"),
  set("i", { flags: ["interval"] }),
  map("p", { type: "inet_service", flags: ["interval"] }),
)

export const CONTRACT: readonly Row[] = [...OBJECTS, ...ELEMENTS, ...INTERVALS, ...RULES]

/** Runs the table on what `open` gives: an nft with nothing in force. */
export function checkContract(open: () => Promise<Nft>): void {
  test.for(CONTRACT)("$name: $outcome", async ({ given = [], when, outcome }) => {
    const nft = await open()
    await nft.run([...BASE, ...given])
    expect(await outcomeOf(nft, when)).toBe(outcome)
  })

  const refused = CONTRACT.filter(({ outcome }) => outcome !== "applied")
  test.for(refused)("what is refused changes nothing: $name", async ({ given = [], when }) => {
    const nft = await open()
    await nft.run([...BASE, ...given])
    const before = await inForce(nft)
    await outcomeOf(nft, when)
    expect(await inForce(nft)).toEqual(before)
  })
}

export async function outcomeOf(nft: Nft, transaction: Transaction): Promise<Row["outcome"]> {
  try {
    await nft.run(transaction)
    return "applied"
  } catch (error) {
    if (error instanceof NftError) return error.code
    throw error
  }
}

/** What is in force after the row, in normal form. */
export async function resultOf(nft: Nft, { given = [], when }: Row): Promise<Ruleset> {
  await nft.run([...BASE, ...given])
  await outcomeOf(nft, when)
  return inForce(nft)
}

/** Of the table under test: a runner may keep one of its own. */
async function inForce(nft: Nft): Promise<Ruleset> {
  return normalize(await nft.list()).filter((object) => {
    const [value] = Object.values(object)
    return value !== undefined && "family" in value && ("table" in value ? value.table : value.name) === "t"
  })
}
