// Policies of one namespace and what they are lowered to, for the tables of tests.

import type { Block, Peers, PolicyIr, Ports, Rule } from "../../compile/policy-ir.ts"
import type { PolicyObject } from "../../compile/snapshot.ts"
import { lower } from "../registry.ts"

export function policy(spec: unknown): PolicyObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: "shop", name: "p" },
    spec,
  }
}

export const inShop = { kind: "name", name: "shop" } as const
export const anywhere = { peers: { kind: "any" }, ports: { kind: "any" } } as const
export const nothing = {
  peers: { kind: "some", pods: [], blocks: [] },
  ports: { kind: "some", ranges: [], names: [] },
} as const

/** The rules of a block without where they came from; undefined where the policy does not speak of the direction. */
export function rulesOf(block: Block | undefined) {
  return block?.rules.map(({ peers, ports }) => ({ peers, ports }))
}

export function firstRule({ ingress }: PolicyIr): Rule | undefined {
  return ingress?.rules[0]
}

export function peersOf(...from: readonly unknown[]): Peers | undefined {
  return firstRule(lower(policy({ podSelector: {}, ingress: [{ from }] })))?.peers
}

export function portsOf(...ports: readonly unknown[]): Ports | undefined {
  return firstRule(lower(policy({ podSelector: {}, ingress: [{ ports }] })))?.ports
}
