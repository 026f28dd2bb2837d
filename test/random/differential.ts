// The differential law: the reference evaluator and the compiled rulesets of all nodes say the same.

import { changesTo, compile } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { Lower } from "../../src/compile/policy-ir.ts"
import type { Program } from "../../src/compile/program.ts"
import type { Change, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { type Connection, judgeConnection } from "../../src/explain/evaluate.ts"
import { endpointText, portText } from "../../src/explain/words.ts"
import { createWorld } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import type { RandomCluster } from "./cluster.ts"
import { connectionsIn } from "./connections.ts"
import { enforce, packetVerdict } from "./packet-verdict.ts"
import { lowerTiered, TIERED_KIND, tieredJudge } from "./tiered-policy.ts"

export interface Comparison {
  readonly judgements: number
  readonly allowed: number
  readonly disagreements: readonly string[]
}

/** How the engine is fed. */
export type Feed = (snapshot: Snapshot, lower: Lower) => Program

export const atOnce: Feed = (snapshot, lower) => compile(snapshot, { lower })

/** Pods are there before any policy looks for them. */
export const policiesLast: Feed = (snapshot, lower) => {
  const engine = createEngine({ lower })
  const isPolicy = (change: Change): boolean => change.kind === "policy"
  const changes = changesTo(snapshot)
  engine.apply(changes.filter((change) => !isPolicy(change)))
  for (const change of changes.filter(isPolicy)) engine.apply([change])
  return engine.program()
}

/** Judges every connection of the cluster in both ways; a disagreement is told in words. */
export function compare(cluster: RandomCluster, feed: Feed = atOnce): Comparison {
  const world = createWorld(cluster.snapshot, (policy) => (isTiered(policy) ? tieredJudge : judgeOf(policy)))
  const lowerAny: Lower = (policy) => (isTiered(policy) ? lowerTiered(policy) : lower(policy))
  const enforced = enforce(feed(cluster.snapshot, lowerAny), world)
  const connections = connectionsIn(cluster, world)
  const results = connections.map((connection) => {
    const { verdict } = judgeConnection(connection, world)
    return { connection, verdict, packets: packetVerdict(connection, enforced, world) }
  })
  return {
    judgements: results.length,
    allowed: results.filter(({ verdict }) => verdict === "Allow").length,
    disagreements: results
      .filter(({ verdict, packets }) => packets.original !== verdict || packets.reply !== verdict)
      .map(({ connection, verdict, packets }) => {
        const name = connectionText(connection)
        return `${name}: specification ${verdict}, packet ${packets.original}, reply ${packets.reply}`
      }),
  }
}

export function connectionText({ from, to, port, throughService }: Connection): string {
  const end = (each: Connection["from"]) =>
    `${endpointText(each)}${each.address.kind === "known" ? ` (${each.address.text})` : ""}`
  return `${end(from)} -> ${end(to)} ${portText(port)}${throughService ? " through a Service" : ""}`
}

function isTiered({ kind }: PolicyObject): boolean {
  return kind === TIERED_KIND
}
