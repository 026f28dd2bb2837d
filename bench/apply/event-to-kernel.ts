// One change of the cluster, from the event to the kernel of a node: engine, renderer, enforcer, nft.
//
// The workload `cluster` (100,000 pods, 10,000 policies, 1,000 nodes); the node is the first one. The event
// is a remote pod that comes into a set which the node holds, and one that leaves it.

import { createInteractive } from "nftables-json/interactive"
import { createEnforcer } from "../../src/agent/enforcer.ts"
import { createHost } from "../../src/agent/host.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine, type Engine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change, Pod, Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { makeWorkload } from "../workloads.ts"
import { NEIGHBOUR_CHAINS } from "./elements.ts"
import { openNamespace } from "./namespace.ts"

export interface EventResult {
  readonly event: string
  readonly foreignChains: number
  readonly milliseconds: { readonly p50: number; readonly p99: number }
}

const EVENTS = 100

export async function measureEvents(progress: (text: string) => void): Promise<readonly EventResult[]> {
  const snapshot = makeWorkload("cluster")
  const engine = createEngine({ lower })
  engine.apply(changesTo(snapshot))
  const results: EventResult[] = []
  for (const foreignChains of [0, NEIGHBOUR_CHAINS]) {
    progress(`event to kernel on cluster${foreignChains > 0 ? `, ${foreignChains} foreign chains` : ""}`)
    results.push(...(await measureOn(engine, snapshot, foreignChains)))
  }
  return results
}

async function measureOn(
  engine: Engine,
  snapshot: Snapshot,
  foreignChains: number,
): Promise<readonly EventResult[]> {
  const node = snapshot.nodes[0]?.name ?? ""
  const remote = peerOf(snapshot, node)
  const namespace = openNamespace(foreignChains)
  const nft = createInteractive({ command: [...namespace.prefix, "nft"] })
  const host = createHost({ prefix: namespace.prefix })
  const enforcer = createEnforcer({ nft, host, directory: namespace.folder })
  try {
    await enforcer.start()
    let revision = 1
    await enforcer.replace({ revision, ruleset: renderNode(engine.program(), node, defaultRulesetOptions) })
    const send = async (change: Change) => {
      const start = performance.now()
      const update = renderDelta(engine.program(), engine.apply([change]), node, defaultRulesetOptions)
      if (update === undefined || update.plan.flip.length === 0)
        throw new Error("the event did not reach the node")
      await enforcer.update({ ...update, from: revision, revision: ++revision })
      return performance.now() - start
    }
    const came: number[] = []
    const went: number[] = []
    for (let i = 0; i < EVENTS; i++) {
      const pod: Pod = {
        ...remote,
        name: `new-${i}`,
        uid: `new-${i}`,
        addresses: [`172.20.${i >> 8}.${i & 255}`],
      }
      came.push(await send({ kind: "pod", op: "set", value: pod }))
      went.push(await send({ kind: "pod", op: "delete", namespace: pod.namespace, name: pod.name }))
    }
    return [
      { event: "a peer's address comes", foreignChains, milliseconds: percentiles(came) },
      { event: "a peer's address goes, connections end", foreignChains, milliseconds: percentiles(went) },
    ]
  } finally {
    await enforcer.close()
    await nft.close()
    namespace.close()
  }
}

/** A pod elsewhere that some pod of the node admits: same namespace and app. */
function peerOf({ pods }: Snapshot, node: string): Pod {
  const local = pods.find((pod) => pod.node === node)
  const peer = pods.find((pod) => {
    const isAlike = pod.namespace === local?.namespace && pod.labels["app"] === local.labels["app"]
    return isAlike && pod.node !== node
  })
  if (peer === undefined) throw new Error(`no pod of ${node} has a peer elsewhere`)
  return peer
}

function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99) }
}
