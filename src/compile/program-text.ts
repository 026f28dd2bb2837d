// A program as text, in order, for people and for comparing two programs.

import type { NamedPortMember, NodeProgram, Program } from "./program.ts"

export function programText(program: Program): string {
  const nodes = [...program.nodes.values()].sort((a, b) => compareText(a.node, b.node))
  const lines = [
    `families ${program.families.join(" ")}`,
    ...nodes.flatMap(nodeLines),
    ...named(nodes, (node) => node.classes()).flatMap((key) => classLines(program, key)),
    ...named(nodes, (node) => node.sets()).flatMap((key) => setLines(program, key)),
    ...named(nodes, (node) => node.namedPortSets()).flatMap((key) => namedPortSetLines(program, key)),
  ]
  return `${lines.join("\n")}\n`
}

function nodeLines(node: NodeProgram): readonly string[] {
  const endpoints = Array.from(node.endpoints(), ({ address, pod, uid, ingress, egress }) => {
    return `  ${address} ${pod} ${uid}\n    ${ingress}\n    ${egress}`
  })
  const pending = Array.from(node.pending(), ({ uid, pod, ingress, egress }) => {
    return `  pending ${pod} ${uid}\n    ${ingress}\n    ${egress}`
  })
  return [`node ${node.node} ${node.podCIDRs.join(" ")}`.trimEnd(), ...endpoints.sort(), ...pending].concat(
    inOrder(node.classes()).map((key) => `  class ${key}`),
    inOrder(node.sets()).map((key) => `  set ${key}`),
    inOrder(node.namedPortSets()).map((key) => `  named port set ${key}`),
  )
}

function classLines(program: Program, key: string): readonly string[] {
  const { stages, ...named } = program.policyClass(key)
  return [`class ${named.key}`, ...stages.map((stage) => `  ${JSON.stringify(stage)}`)]
}

function setLines(program: Program, key: string): readonly string[] {
  return [`set ${key}`, ...inOrder(program.addressSet(key).members()).map((member) => `  ${member}`)]
}

function namedPortSetLines(program: Program, key: string): readonly string[] {
  const members = Array.from(program.namedPortSet(key).members(), namedPortMemberText)
  return [`named port set ${key}`, ...members.sort().map((member) => `  ${member}`)]
}

function namedPortMemberText({ address, protocol, port }: NamedPortMember): string {
  return `${address} ${protocol} ${port}`
}

function named(
  nodes: readonly NodeProgram[],
  keysOf: (node: NodeProgram) => Iterable<string>,
): readonly string[] {
  return [...new Set(nodes.flatMap((node) => [...keysOf(node)]))].sort()
}

function inOrder(texts: Iterable<string>): readonly string[] {
  return [...texts].sort()
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
