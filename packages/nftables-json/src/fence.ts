// The record, in the kernel, of which transaction was applied last.
//
// When a long-lived nft dies, nobody can tell from outside whether it had committed what it was given.
// So every transaction carries two commands more: the marker of the transaction before it is deleted,
// its own is created, in a set of a private table. A transaction is atomic, so the marker in the kernel
// is the last transaction that was applied, whatever happened to the process; and a transaction whose
// predecessor is not the one in force is refused as a whole, so nothing is applied twice.

import { randomInt } from "node:crypto"
import { NftError } from "./errors.ts"
import type { Nft } from "./nft.ts"
import type { Command, Expression, NftSet, Transaction } from "./schema.ts"

/** A number of 32 bits, the type that the set's elements have. */
export type Marker = number

export const FENCE_TABLE = "nftables_json"

/**
 * Commands that `guard` puts before the caller's. None before a flush of everything: nft 1.0.6 then knows
 * no set any more, not even for the commands that come first; and what flushes everything may be applied
 * twice, so its marker is only written behind it.
 */
export function guardsBefore(commands: Transaction): number {
  return commands.some((command) => "flush" in command && "ruleset" in command.flush) ? 0 : 2
}

export interface Fence {
  /** Commands that make the table and the set anew with this marker alone. */
  readonly establish: (marker: Marker) => Transaction
  /** The caller's commands with the marker moved from one to the other. */
  readonly guard: (commands: Transaction, step: MarkerStep) => Transaction
  /** The marker in the kernel; undefined where the set is gone or not as this runner leaves it. */
  readonly read: (nft: Nft) => Promise<Marker | undefined>
  /** Commands that take the set away. */
  readonly remove: Transaction
}

export interface MarkerStep {
  readonly from: Marker
  readonly to: Marker
}

/** `name` tells the runners of one network namespace apart. */
export function createFence(name: string): Fence {
  const set: NftSet = { family: "inet", table: FENCE_TABLE, name, type: "mark" }
  const table: Command = { add: { table: { family: "inet", name: FENCE_TABLE } } }
  const elements = (marker: Marker) => ({
    element: { family: set.family, table: set.table, name, elem: [marker] },
  })
  const establish = (marker: Marker): Transaction => [
    table,
    { add: { set } },
    { flush: { set } },
    { add: elements(marker) },
  ]
  return {
    establish,
    guard: (commands, { from, to }) =>
      guardsBefore(commands) === 0
        ? [...commands, ...establish(to)]
        : [{ delete: elements(from) }, { create: elements(to) }, ...commands],
    read: (nft) => readMarker(nft, name),
    remove: [{ delete: { set } }],
  }
}

/** Random, so that a runner never takes another's marker, or that of its last life, for its own. */
export function firstMarker(): Marker {
  return randomInt(2 ** 32)
}

export function nextMarker(marker: Marker): Marker {
  return (marker + 1) % 2 ** 32
}

async function readMarker(nft: Nft, name: string): Promise<Marker | undefined> {
  const listed = await listOrNothing(nft, name)
  const elements = listed.flatMap((object) => ("set" in object ? (object.set.elem ?? []) : []))
  const [only] = elements
  return elements.length === 1 && isNumber(only) ? only : undefined
}

async function listOrNothing(nft: Nft, name: string): ReturnType<Nft["list"]> {
  try {
    return await nft.list({ kind: "set", family: "inet", table: FENCE_TABLE, name })
  } catch (error) {
    if (error instanceof NftError && error.code === "not-found") return []
    throw error
  }
}

function isNumber(element: Expression | undefined): element is number {
  return typeof element === "number"
}
