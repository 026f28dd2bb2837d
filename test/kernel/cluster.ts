// A cluster in a lab with an agent on every node: what the controller will do, in one process.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { createInteractive, type InteractiveNft } from "nftables-json/interactive"
import type { Ruleset } from "nftables-json/schema"
import { createEnforcer, type Enforcer } from "../../src/agent/enforcer.ts"
import type { EnforcerOptions } from "../../src/agent/enforcer-options.ts"
import type { EnforcerEvent } from "../../src/agent/event.ts"
import { createHost, type Host } from "../../src/agent/host.ts"
import { changesTo } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { defaultRulesetOptions, type RulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderBindings } from "../../src/compile/ruleset/render-bindings.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import type { Change, Enforcement, Snapshot } from "../../src/compile/snapshot.ts"
import { ownersOf } from "../../src/controller/owners-of.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { Lab, LabNode } from "../../src/lab/lab.ts"
import { labFromSnapshot, type SnapshotLabOptions } from "../../src/lab/snapshot-lab.ts"
import type { NodeRuleset } from "../../src/wire/node-ruleset.ts"
import { createTraffic, type Traffic } from "./traffic.ts"

export interface ClusterOptions {
  readonly lab?: SnapshotLabOptions
  readonly ruleset?: Partial<RulesetOptions>
  readonly agent?: Partial<EnforcerOptions>
  /** False: no agent is started, and `apply` changes what `render` gives, no more. */
  readonly enforce?: boolean
}

export interface NodeAgent {
  readonly node: LabNode
  readonly host: Host
  readonly nft: InteractiveNft
  readonly enforcer: Enforcer
  readonly events: EnforcerEvent[]
  readonly directory: string
  revision: number
}

export interface Cluster {
  readonly lab: Lab
  readonly traffic: Traffic
  readonly agents: readonly NodeAgent[]
  agent(node: string): NodeAgent
  /** Applies a change of the cluster on every node; resolves when live connections obey it. */
  apply(...changes: readonly Change[]): Promise<void>
  /** Another mode of the cluster, on every node; resolves when live connections obey it. */
  setEnforcement(mode: Enforcement): Promise<void>
  /** What a controller would tell an agent that comes now. */
  whole(node: string): Omit<NodeRuleset, "revision">
  /** The whole ruleset of a node as it should be now, without what the agent adds. */
  render(node: string): Ruleset
  /** Runs a command line in a namespace of the lab; its output. */
  run(reference: string, commandLine: string): Promise<string>
  close(): Promise<void>
}

export async function createCluster(snapshot: Snapshot, options: ClusterOptions = {}): Promise<Cluster> {
  const lab = await labFromSnapshot(snapshot, options.lab)
  const directory = mkdtempSync(join(tmpdir(), "postern-kernel-"))
  let rulesetOptions = { ...defaultRulesetOptions, ...options.ruleset }
  const engine = createEngine({ lower, enforcement: rulesetOptions.enforcement })
  engine.apply(changesTo(snapshot))
  const traffic = createTraffic(lab)
  const agents = lab.nodes.map((node) =>
    createAgent(lab, node, { ...options.agent, directory: join(directory, node.name) }),
  )
  const render = (node: string): Ruleset => renderNode(engine.program(), node, rulesetOptions)
  const owners = (node: string) => ownersOf(engine.program().nodes.get(node)?.endpoints() ?? [])
  const whole = (node: string): Omit<NodeRuleset, "revision"> => ({
    ruleset: render(node),
    bindings: renderBindings(engine.program(), node, rulesetOptions),
    owners: owners(node),
  })
  const cluster: Cluster = {
    lab,
    traffic,
    agents,
    agent: (name) => named(agents, name),
    apply: async (...changes) => {
      const delta = engine.apply(changes)
      const running = agents.filter((agent) => agent.revision > 0)
      await Promise.all(
        running.map((agent) => {
          const change = renderDelta(engine.program(), delta, agent.node.name, rulesetOptions)
          const from = agent.revision++
          const { revision, enforcer } = agent
          if (change === undefined)
            return enforcer.replace({ revision, ...whole(agent.node.name), forget: delta.forget })
          return enforcer.update({ from, revision, ...change, owners: owners(agent.node.name) })
        }),
      )
    },
    setEnforcement: async (mode) => {
      const { forget } = engine.setEnforcement(mode)
      rulesetOptions = { ...rulesetOptions, enforcement: mode }
      await Promise.all(
        agents
          .filter((agent) => agent.revision > 0)
          .map((agent) => {
            agent.revision += 1
            const { revision, enforcer, node } = agent
            return enforcer.replace({ revision, ...whole(node.name), forget })
          }),
      )
    },
    whole,
    render,
    run: (reference, commandLine) => run(lab, reference, commandLine),
    close: async () => {
      await traffic.stopAll()
      await Promise.all(agents.map(closeAgent))
      await lab.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
  if (options.enforce === false) return cluster
  try {
    await Promise.all(agents.map((agent) => startAgent(agent, whole(agent.node.name))))
    return cluster
  } catch (error) {
    await cluster.close()
    throw error
  }
}

export function createAgent(
  lab: Lab,
  node: LabNode,
  options: Partial<EnforcerOptions> & { readonly directory: string },
): NodeAgent {
  const prefix = lab.enter(node.reference)
  const host = createHost({ prefix })
  const nft = createInteractive({ command: [...prefix, "nft"] })
  const events: EnforcerEvent[] = []
  const enforcer = createEnforcer({
    nft,
    host,
    cniResults: [node.cniResultsDirectory],
    onEvent: (event) => events.push(event),
    ...options,
  })
  return { node, host, nft, enforcer, events, directory: options.directory, revision: 0 }
}

export async function startAgent(agent: NodeAgent, node: Omit<NodeRuleset, "revision">): Promise<void> {
  await agent.enforcer.start()
  agent.revision = 1
  await agent.enforcer.replace({ revision: 1, ...node })
  await eventually(() => agent.enforcer.status().isWatching, "nftables events come through")
}

export async function closeAgent(agent: NodeAgent): Promise<void> {
  await agent.enforcer.close()
  await agent.nft.close()
}

/** Waits for what comes by itself; the condition is asked every 10 ms. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 60_000,
): Promise<void> {
  const end = performance.now() + milliseconds
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`)
    await setTimeout(10)
  }
}

async function run(lab: Lab, reference: string, commandLine: string): Promise<string> {
  const result = await lab.exec(reference, ["sh", "-c", commandLine])
  if (result.status !== 0) throw new Error(`${commandLine}: ${result.stderr}`)
  return result.stdout
}

function named(agents: readonly NodeAgent[], name: string): NodeAgent {
  const found = agents.find((agent) => agent.node.name === name)
  if (found === undefined) throw new Error(`no agent on ${name}`)
  return found
}
