// A small cluster, its distributor and an agent on each node, and all that may happen to them, at random.

import { setImmediate } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"
import * as fc from "fast-check"
import { normalize } from "nftables-json/normalize"
import { createEngine } from "../../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import { renderBindings } from "../../../src/compile/ruleset/render-bindings.ts"
import { renderNode } from "../../../src/compile/ruleset/render-node.ts"
import type { Change, Node, Pod } from "../../../src/compile/snapshot.ts"
import { createDistributor } from "../../../src/controller/distributor.ts"
import { lower } from "../../../src/kinds/registry.ts"
import { networkPolicy, node, pod } from "../../snapshots.ts"
import { StreamAgent } from "./stream-agent.ts"

export const NODES = ["node-a", "node-b", "node-c"] as const
const APPS = ["web", "db", "cache"] as const
const ADDRESSES = ["10.0.1.2", "10.0.1.3", "10.0.2.2", "10.0.2.3", "10.9.0.1", "fd00::2"] as const

const anyNode = fc.constantFrom(...NODES)
const app = fc.constantFrom(...APPS)

type Step =
  | { readonly kind: "change"; readonly changes: readonly Draft[] }
  | { readonly kind: "settings"; readonly logGroup: number }
  | { readonly kind: "connect" | "disconnect" | "slow" | "read" | "report" | "refuse"; readonly node: string }
  | { readonly kind: "connection"; readonly node: string; readonly address: string }
  | { readonly kind: "turn" }

/** A change; which pod's the address is, is only known when it is made. */
type Draft =
  | { readonly kind: "change"; readonly change: Change }
  | {
      readonly kind: "pod"
      readonly name: string
      readonly node: string
      readonly app: string
      readonly address: string
    }
  | { readonly kind: "finish" | "remove"; readonly name: string }

const podName = fc.constantFrom("p", "q", "r", "s")
const draft: fc.Arbitrary<Draft> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ name: podName, node: anyNode, app, address: fc.constantFrom(...ADDRESSES, "") })
      .map((each): Draft => ({ kind: "pod", ...each })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("finish", "remove"), name: podName }) },
  {
    weight: 2,
    arbitrary: fc.tuple(app, app, fc.boolean()).map(([name, from, both]): Draft => {
      const peers = [{ podSelector: { matchLabels: { app: from } } }]
      const spec = {
        podSelector: { matchLabels: { app: name } },
        ingress: [{ from: peers, ports: [{ port: 80 }] }],
        ...(both ? { egress: [{ to: peers }] } : {}),
      }
      return {
        kind: "change",
        change: { kind: "policy", op: "set", value: networkPolicy(`for-${name}`, spec) },
      }
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(anyNode, fc.boolean()).map(([name, there]): Draft => {
      return {
        kind: "change",
        change: there
          ? { kind: "node", op: "set", value: nodeNamed(name) }
          : { kind: "node", op: "delete", name },
      }
    }),
  },
)

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(draft, { minLength: 1, maxLength: 3 })
      .map((changes): Step => ({ kind: "change", changes })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(100, 101).map((logGroup): Step => ({ kind: "settings", logGroup })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("connect", "disconnect", "slow", "read", "report", "refuse"),
      node: anyNode,
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ node: anyNode, address: fc.constantFrom(...ADDRESSES) })
      .map((each): Step => ({ kind: "connection", ...each })),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: "turn" }) },
)

export function nodeNamed(name: (typeof NODES)[number]): Node {
  return node(name, { podCIDRs: [`10.0.${NODES.indexOf(name) + 1}.0/24`] })
}

export class World {
  readonly engine = createEngine({ lower })
  readonly seen = new Set<string>()
  ruleset = defaultRulesetOptions
  /** The clock of everybody; each step takes longer than the margin between clocks. */
  time = Date.parse("2026-01-01T00:00:00Z")
  readonly distributor = createDistributor({
    engine: this.engine,
    ruleset: this.ruleset,
    now: () => this.time,
    mergeMs: 0,
    onEvent: ({ kind }) => this.seen.add(kind),
  })
  readonly agents = NODES.map((name) => new StreamAgent(name, this.distributor))
  readonly pods = new Map<string, Pod>()
  #uids = 0

  owner(address: string): Pod | undefined {
    return [...this.pods.values()].find((each) => !each.finished && each.addresses.includes(address))
  }

  changeOf(draft: Draft): Change | undefined {
    if (draft.kind === "change") return draft.change
    const known = this.pods.get(draft.name)
    if (draft.kind === "pod") {
      const owner = this.owner(draft.address)
      if (owner !== undefined && owner.name !== draft.name) return undefined
      return this.#set(
        pod(draft.name, {
          uid: `uid-${++this.#uids}`,
          node: draft.node,
          labels: { app: draft.app },
          ...(draft.address === ""
            ? {}
            : { addresses: [draft.address], networkSince: new Date(this.time).toISOString() }),
        }),
      )
    }
    if (known === undefined) return undefined
    if (draft.kind === "finish") return this.#set({ ...known, finished: true })
    this.pods.delete(draft.name)
    return { kind: "pod", op: "delete", namespace: known.namespace, name: known.name }
  }

  #set(value: Pod): Change {
    this.pods.set(value.name, value)
    return { kind: "pod", op: "set", value }
  }

  run(step: Step): Promise<void> | void {
    this.time += 5_000
    if (step.kind === "turn") return setImmediate()
    if (step.kind === "change") {
      const changes = step.changes.map((each) => this.changeOf(each)).filter((each) => each !== undefined)
      return this.distributor.apply(changes)
    }
    if (step.kind === "settings") {
      this.ruleset = { ...this.ruleset, logGroup: step.logGroup }
      return this.distributor.setSettings(this.ruleset)
    }
    const agent = this.agents.find((each) => each.node === step.node)
    if (agent === undefined) return
    this.#runOn(agent, step)
  }

  #runOn(agent: StreamAgent, step: Extract<Step, { readonly node: string }>): void {
    switch (step.kind) {
      case "connect":
        return agent.connect()
      case "disconnect":
        return agent.disconnect()
      case "slow":
        agent.isSlow = true
        return
      case "read":
        agent.isSlow = false
        return agent.read()
      case "report":
        return agent.report()
      case "refuse":
        return agent.report({ error: "refused" })
      case "connection": {
        const owner = this.owner(step.address)
        // An agent without a program judges nothing, and its connections are nobody's yet.
        if (owner !== undefined && agent.revision > 0)
          agent.connections.push({ address: step.address, uid: owner.uid })
      }
    }
  }

  async settle(): Promise<void> {
    for (const agent of this.agents) {
      agent.isSlow = false
      if (agent.isConnected) agent.read()
      else agent.connect()
    }
    for (let turn = 0; turn < 20; turn++) await setImmediate()
  }

  /** What is not as it should be, in words. */
  faults(): readonly string[] {
    const program = this.engine.program()
    return this.agents
      .filter(({ node }) => program.nodes.has(node))
      .flatMap((agent) => {
        const wanted = normalize(renderNode(program, agent.node, this.ruleset))
        const desired = this.distributor.nodes().get(agent.node)?.desiredRevision
        const bindings = renderBindings(program, agent.node, this.ruleset)
        const endpoints = [...(program.nodes.get(agent.node)?.endpoints() ?? [])]
        const orphans = agent.connections.filter(({ address, uid }) => this.owner(address)?.uid !== uid)
        return [
          ...(agent.revision > 0 ? [] : [`${agent.node} holds nothing`]),
          ...(isDeepStrictEqual(normalize(agent.ruleset), wanted)
            ? []
            : [`${agent.node} holds something else`]),
          ...(desired === agent.revision ? [] : [`${agent.node} has ${agent.revision} and not ${desired}`]),
          ...(isDeepStrictEqual(agent.bindings, bindings) ? [] : [`${agent.node} has other bindings`]),
          ...endpoints
            .filter(({ address, uid }) => agent.owners[address] !== uid)
            .map(({ address }) => `${agent.node} has another owner of ${address}`),
          ...orphans.map(({ address }) => `${agent.node} has a connection of the last owner of ${address}`),
        ]
      })
  }
}
