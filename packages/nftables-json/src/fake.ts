// nftables in memory, behind the same door as the kernel: atomic, with nft's refusals, inspectable.
//
// For tests without root, and for looking at what a transaction would do. Time does not pass here: time-outs
// do not expire, counters do not count.

import { applyTransaction, stateOf } from "./apply.ts"
import { NftError } from "./errors.ts"
import {
  byHandle,
  EMPTY_STATE,
  type KernelState,
  listChainAlone,
  listRules,
  listSet,
  listTable,
  listTableAlone,
  type TableState,
  writtenRuleset,
} from "./kernel-state.ts"
import type { ListScope, Nft } from "./nft.ts"
import { parse } from "./parse.ts"
import { tableKey } from "./ruleset-index.ts"
import type { Ruleset, RulesetObject } from "./schema.ts"
import { getSharded } from "./sharded-map.ts"

export interface Fake extends Nft {
  /** Everything in force, as it was written: text that `createFake` takes. */
  dump(): string
}

/** `dump` is what another fake dumped, or what `nft -j list ruleset` printed. */
export function createFake(dump?: string): Fake {
  let state = dump === undefined ? EMPTY_STATE : stateOf(parse(dump))
  let isOpen = true
  return {
    run: async (transaction) => {
      if (!isOpen) throw closed()
      const applied = applyTransaction(state, transaction)
      if ("error" in applied) throw applied.error
      state = applied.ok
    },
    list: async (scope = { kind: "ruleset" }) => {
      if (!isOpen) throw closed()
      return [METAINFO, ...listScope(state, scope)]
    },
    close: async () => {
      isOpen = false
    },
    dump: () => JSON.stringify({ nftables: writtenRuleset(state) }, undefined, 2),
  }
}

const METAINFO: RulesetObject = {
  metainfo: { version: "1.0.6", release_name: "Lester Gooch #5", json_schema_version: 1 },
}

function closed(): NftError {
  return new NftError({ code: "unavailable", text: "the fake is closed" })
}

function listScope(state: KernelState, scope: ListScope): Ruleset {
  const tables = [...state.tables.values()]
  switch (scope.kind) {
    case "ruleset":
      return tables.flatMap(listTable)
    case "tables":
      return tables.map(listTableAlone)
    case "chains":
      return tables.flatMap((table) => byHandle(table.chains).map(listChainAlone))
    case "table":
      return listTable(found(state.tables.get(tableKey(scope.family, scope.name))))
    case "set":
    case "map":
    case "chain":
      return listNamed(found(state.tables.get(tableKey(scope.family, scope.table))), scope)
  }
}

function listNamed(
  table: TableState,
  scope: { readonly kind: "set" | "map" | "chain"; readonly name: string },
): Ruleset {
  if (scope.kind === "chain") {
    const chain = found(getSharded(table.chains, scope.name))
    return [listChainAlone(chain), ...listRules(chain)]
  }
  const set = found(getSharded(table.sets, scope.name))
  if (set.kind !== scope.kind) throw notFound()
  return [listSet(set)]
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw notFound()
  return value
}

function notFound(): NftError {
  return new NftError({ code: "not-found", text: "Error: No such file or directory" })
}
