// Programs made by hand, for tests of what is rendered from them: no engine, no policies.

import type { Action, Direction, PolicyReference, Tier } from "../src/compile/policy-ir.ts"
import type {
  Endpoint,
  NamedPortMember,
  NodeProgram,
  PolicyClass,
  Program,
  Run,
  Stage,
} from "../src/compile/program.ts"
import type { AddressFamily } from "../src/compile/snapshot.ts"

export interface ProgramSource {
  readonly families?: readonly AddressFamily[]
  readonly podCIDRs?: readonly string[]
  readonly pods?: readonly PodSource[]
  /** Members of address sets, by key. */
  readonly sets?: Readonly<Record<string, readonly string[]>>
  readonly named?: Readonly<Record<string, readonly NamedPortMember[]>>
}

export interface PodSource {
  readonly addresses: readonly string[]
  readonly uid?: string
  readonly ingress?: readonly Stage[]
  readonly egress?: readonly Stage[]
  /** What it is denied is let through. */
  readonly observed?: boolean
}

/** A program of one node, "node". */
export function programOf(source: ProgramSource): Program {
  const classes = new Map<string, PolicyClass>()
  const intern = (
    direction: Direction,
    { [direction]: stages = [], observed = false }: PodSource,
  ): string => {
    const made = classOf(direction, stages, observed && stages.length > 0)
    if (!classes.has(made.key)) classes.set(made.key, made)
    return made.key
  }
  const endpoints = (source.pods ?? []).flatMap((pod, i) => {
    const [ingress, egress] = [intern("ingress", pod), intern("egress", pod)]
    return pod.addresses.map((address): Endpoint => {
      return { address, pod: `default/pod-${i}`, uid: pod.uid ?? `uid-${i}`, ingress, egress }
    })
  })
  const node: NodeProgram = {
    node: "node",
    podCIDRs: source.podCIDRs ?? [],
    endpoints: () => endpoints,
    pending: () => [],
    classes: () => classes.keys(),
    sets: () => Object.keys(source.sets ?? {}),
    namedPortSets: () => Object.keys(source.named ?? {}),
  }
  return {
    families: source.families ?? ["IPv4"],
    nodes: new Map([["node", node]]),
    policyClass: (key) => found(classes.get(key), key),
    addressSet: (key) => ({ key, members: () => found(source.sets?.[key], key) }),
    namedPortSet: (key) => ({ key, members: () => found(source.named?.[key], key) }),
  }
}

export function classOf(direction: Direction, stages: readonly Stage[], observed = false): PolicyClass {
  return { key: JSON.stringify([direction, observed, stages]), direction, stages, observed }
}

export function stageOf(runs: readonly Run[], isolatedBy: readonly string[] = [], order = 200): Stage {
  return { tier: tierOf(order), runs, isolatedBy: isolatedBy.map(policyOf) }
}

export function runOf(action: Action, parts: Partial<Run> = {}): Run {
  const origins = [{ policy: policyOf("policy"), path: "spec.ingress[0]" }]
  return { action, everyPort: null, ports: [], named: null, origins, ...parts }
}

function tierOf(order: number): Tier {
  return { name: `tier-${order}`, order }
}

function policyOf(name: string): PolicyReference {
  return { kind: "NetworkPolicy", namespace: "default", name }
}

function found<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new Error(`unknown key ${key}`)
  return value
}
