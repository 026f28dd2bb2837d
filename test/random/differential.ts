// The differential law: the reference evaluator and the compiled rulesets of all nodes say the same.

import { changesTo, compile } from "../../src/compile/compile.ts"
import { createEngine, type EngineOptions } from "../../src/compile/engine/engine.ts"
import type { Lower } from "../../src/compile/policy-ir.ts"
import type { Program } from "../../src/compile/program.ts"
import type { Change, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { type Connection, judgeConnection } from "../../src/explain/evaluate.ts"
import type { JudgeOf } from "../../src/explain/judge.ts"
import { endpointText, portText } from "../../src/explain/words.ts"
import { createWorld, DEFAULT_SETTINGS } from "../../src/explain/world.ts"
import { judgeOf, lower } from "../../src/kinds/registry.ts"
import type { RandomCluster } from "./cluster.ts"
import { connectionsIn } from "./connections.ts"
import { enforce, packetVerdict } from "./packet-verdict.ts"
import { lowerTiered, TIERED_KIND, tieredJudge } from "./tiered-policy.ts"

export interface Comparison {
  readonly judgements: number
  readonly allowed: number
  /** What was allowed, or denied at the other end, because an end is only observed. */
  readonly observed: number
  readonly disagreements: readonly string[]
}

/** How the engine is fed. */
export type Feed = (snapshot: Snapshot, options: EngineOptions) => Program

export const atOnce: Feed = compile

/** Pods are there before any policy looks for them. */
export const policiesLast: Feed = (snapshot, options) => {
  const engine = createEngine(options)
  const isPolicy = (change: Change): boolean => change.kind === "policy"
  const changes = changesTo(snapshot)
  engine.apply(changes.filter((change) => !isPolicy(change)))
  for (const change of changes.filter(isPolicy)) engine.apply([change])
  return engine.program()
}

/** The cluster's mode and the namespaces' come when everything is there. */
export const modesLast: Feed = (snapshot, { enforcement = "enforce", ...options }) => {
  const engine = createEngine({ ...options, enforcement: enforcement === "enforce" ? "observe" : "enforce" })
  const namespaces = snapshot.namespaces.map(({ name }) => ({ name, labels: {} }))
  engine.apply(changesTo({ ...snapshot, namespaces }))
  engine.setEnforcement(enforcement)
  engine.apply(snapshot.namespaces.map((value) => ({ kind: "namespace", op: "set", value })))
  return engine.program()
}

/** Judges every connection of the cluster in both ways; a disagreement is told in words. */
export function compare(cluster: RandomCluster, feed: Feed = atOnce): Comparison {
  const { snapshot, enforcement } = cluster
  const judgeOfAny: JudgeOf = (policy) => (isTiered(policy) ? tieredJudge : judgeOf(policy))
  const world = createWorld(snapshot, judgeOfAny, { ...DEFAULT_SETTINGS, enforcement })
  const lowerAny: Lower = (policy) => (isTiered(policy) ? lowerTiered(policy) : lower(policy))
  const enforced = enforce(feed(snapshot, { lower: lowerAny, enforcement }), world)
  const connections = connectionsIn(cluster, world)
  const results = connections.map((connection) => {
    const { verdict, egress, ingress } = judgeConnection(connection, world)
    const isObserved = egress?.observed === true || ingress?.observed === true
    return { connection, verdict, isObserved, packets: packetVerdict(connection, enforced, world) }
  })
  return {
    judgements: results.length,
    allowed: results.filter(({ verdict }) => verdict === "Allow").length,
    observed: results.filter(({ isObserved }) => isObserved).length,
    disagreements: results
      .filter(
        ({ verdict, isObserved, packets }) =>
          packets.original !== verdict ||
          packets.reply !== verdict ||
          // What the egress is denied is never asked at the ingress.
          (verdict === "Allow" && packets.isObserved !== isObserved),
      )
      .map(({ connection, verdict, isObserved, packets }) => {
        const said = `${verdict}${isObserved ? " (observed)" : ""}`
        const seen = `packet ${packets.original}${packets.isObserved ? " (observed)" : ""}`
        return `${connectionText(connection)}: specification ${said}, ${seen}, reply ${packets.reply}`
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
