// The agent's two tables in the kernel: read whole, changed in three steps.
//
// Every transaction ends by rewriting the one element of the set `revision`: that is how the agent knows its
// own changes among nftables events (nft-events.ts), and what it finds there after a restart.

import { NftError } from "nftables-json/errors"
import type { Nft } from "nftables-json/nft"
import type { Plan } from "nftables-json/plan"
import type { Command, Ruleset, RulesetObject, Transaction } from "nftables-json/schema"
import { ANTISPOOF_TABLE } from "./antispoof.ts"
import { stagesOf } from "./stages.ts"

export const POSTERN_TABLE = { family: "inet", name: "postern" } as const

/** Of a ruleset that nobody has asked for: those of controllers begin with 1. */
export const NO_REVISION = 0

export interface KernelTables {
  read(): Promise<KernelState>
  /**
   * Applies the plan and leaves `revision` in the kernel; until the rules are in force the kernel carries the one
   * before. Rejects with NftError; what came before stays.
   */
  apply(plan: Plan, revision: number): Promise<void>
  /** Whether a batch that wrote this revision is one of these tables' own; to be asked once for each batch. */
  isOwn(revision: number): boolean
  /** Batches may have been missed: no earlier one is waited for. */
  expectNone(): void
}

export interface KernelState {
  /** As listed, with handles, the element of `revision` left out; empty where there is no table. */
  readonly ruleset: Ruleset
  readonly revision: number | undefined
}

export function createKernelTables(nft: Nft): KernelTables {
  let tableExists = false
  /** What the kernel's table carries. */
  let carried: number | undefined
  /**
   * How many batches of its own have not been told yet, by revision. Counted, because a ruleset that somebody saved
   * and restores has a revision of its own times, too.
   */
  const expected = new Map<number, number>()
  const runMarked = async (transaction: Transaction, revision: number): Promise<void> => {
    expected.set(revision, (expected.get(revision) ?? 0) + 1)
    try {
      await nft.run([...transaction, ...revisionCommands(revision)])
    } catch (error) {
      expected.delete(revision)
      throw error
    }
  }
  return {
    read: async () => {
      const listings = await Promise.all(
        [POSTERN_TABLE, ANTISPOOF_TABLE].map((table) => listTable(nft, table)),
      )
      tableExists = (listings[0] ?? []).length > 0
      const ruleset = listings.flat()
      carried = revisionIn(ruleset)
      return { ruleset: withoutRevision(ruleset), revision: carried }
    },
    apply: async (plan, revision) => {
      const stages = stagesOf(plan)
      // A successor of an agent that is killed here takes the kernel's revision for what is in force.
      const earlier = carried ?? NO_REVISION
      for (const piece of stages.before) {
        await (tableExists ? runMarked(piece, earlier) : nft.run(piece))
        tableExists ||= piece.some((command) => "add" in command && isRevisionSet(command.add))
      }
      const switching = [stages.flip, ...stages.behind]
      for (const [i, piece] of switching.entries()) {
        await runMarked(piece, i + 1 === switching.length ? revision : earlier)
        tableExists = true
      }
      carried = revision
      for (const piece of stages.after) await runMarked(piece, revision)
    },
    isOwn: (revision) => {
      const count = expected.get(revision) ?? 0
      if (count > 1) expected.set(revision, count - 1)
      else expected.delete(revision)
      return count > 0
    },
    expectNone: () => expected.clear(),
  }
}

/** Flushed rather than deleted by key: a foreign hand may have emptied the set. */
function revisionCommands(revision: number): Transaction {
  const set = { family: POSTERN_TABLE.family, table: POSTERN_TABLE.name, name: "revision" } as const
  const flush: Command = { flush: { set: { ...set, type: "mark" } } }
  return [flush, { add: { element: { ...set, elem: [revision] } } }]
}

async function listTable(nft: Nft, table: typeof POSTERN_TABLE | typeof ANTISPOOF_TABLE): Promise<Ruleset> {
  try {
    return await nft.list({ kind: "table", ...table })
  } catch (error) {
    if (error instanceof NftError && error.code === "not-found") return []
    throw error
  }
}

function isRevisionSet(object: RulesetObject): boolean {
  return "set" in object && object.set.name === "revision"
}

function revisionIn(ruleset: Ruleset): number | undefined {
  for (const object of ruleset) {
    if (!("set" in object) || object.set.name !== "revision") continue
    const [element, ...others] = object.set.elem ?? []
    return typeof element === "number" && others.length === 0 ? element : undefined
  }
  return undefined
}

function withoutRevision(ruleset: Ruleset): Ruleset {
  return ruleset.map((object) => {
    if (!("set" in object) || object.set.name !== "revision") return object
    const { elem: _, ...set } = object.set
    return { set }
  })
}
