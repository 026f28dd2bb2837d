// Asks for what other tables do to our packets, without reading more of them than is needed.
//
// A large kube-proxy has tens of thousands of chains. Only tables with a base chain on our hooks are read, and again
// only when those base chains have changed or some time has passed.

import { NftError } from "nftables-json/errors"
import type { Nft } from "nftables-json/nft"
import { parse } from "nftables-json/parse"
import type { Chain, Ruleset } from "nftables-json/schema"
import { ANTISPOOF_TABLE } from "./antispoof.ts"
import { foreignProblems, isOnOurHooks } from "./foreign-rules.ts"
import type { Host } from "./host.ts"
import { POSTERN_TABLE } from "./kernel-tables.ts"
import { masqueradeProblems } from "./masquerading.ts"
import { policyEngineProblems } from "./policy-engines.ts"
import type { Problem } from "./problem.ts"

export type ForeignCheck = () => Promise<readonly Problem[]>

const READ_AGAIN_MS = 600_000

export function createForeignCheck(nft: Nft, host: Host): ForeignCheck {
  let last:
    | { readonly signature: string; readonly at: number; readonly problems: readonly Problem[] }
    | undefined
  return async () => {
    try {
      const all = foreignChains(await nft.list({ kind: "chains" }))
      const chains = all.filter(isOnOurHooks)
      const signature = JSON.stringify(chains)
      if (last?.signature !== signature || Date.now() - last.at > READ_AGAIN_MS) {
        const tables = await tablesOf(nft, chains)
        const problems = [...foreignProblems(tables), ...masqueradeProblems(tables)]
        last = { signature, at: Date.now(), problems }
      }
      return [...last.problems, ...policyEngineProblems(all), ...foreignProblems(await flowtables(host))]
    } catch (error) {
      if (error instanceof NftError) return refusedProblems(error)
      throw error
    }
  }
}

function foreignChains(ruleset: Ruleset): readonly Chain[] {
  return ruleset.flatMap((object) =>
    "chain" in object && !OURS.has(`${object.chain.family} ${object.chain.table}`) ? [object.chain] : [],
  )
}

const OURS: ReadonlySet<string> = new Set(
  [POSTERN_TABLE, ANTISPOOF_TABLE].map((table) => `${table.family} ${table.name}`),
)

async function tablesOf(nft: Nft, chains: readonly Chain[]): Promise<Ruleset> {
  const tables = new Map(chains.map(({ family, table }) => [`${family} ${table}`, { family, name: table }]))
  const listings = await Promise.all([...tables.values()].map((table) => listTable(nft, table)))
  return listings.flat()
}

/** A table can go between the two questions. */
async function listTable(
  nft: Nft,
  table: { readonly family: Chain["family"]; readonly name: string },
): Promise<Ruleset> {
  try {
    return await nft.list({ kind: "table", ...table })
  } catch (error) {
    if (error instanceof NftError && error.code === "not-found") return []
    throw error
  }
}

async function flowtables(host: Host): Promise<Ruleset> {
  const outcome = await host.run("nft", ["-j", "list", "flowtables"])
  return outcome.status === 0 ? parse(outcome.stdout) : []
}

/** That there is no nft at all is said elsewhere. */
function refusedProblems(error: NftError): readonly Problem[] {
  if (error.code !== "permission") return []
  const message = "nftables refuses this process: CAP_NET_ADMIN in the node's network namespace is needed"
  return [{ code: "no-rights", severity: "fatal", subject: "", message }]
}
