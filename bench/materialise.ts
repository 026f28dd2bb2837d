// Everything that every node's program says, read once.

import type { Program } from "../src/compile/program.ts"

export interface Counts {
  readonly nodes: number
  readonly endpoints: number
  /** Distinct, and as nodes hold them. */
  readonly classes: number
  readonly classesOnNodes: number
  readonly sets: number
  readonly setsOnNodes: number
  readonly members: number
}

/** What nodes share (classes, sets and their members) is read once; it is encoded once, too. */
export function materialise(program: Program): Counts {
  const classes = new Set<string>()
  const sets = new Set<string>()
  let [endpoints, classesOnNodes, setsOnNodes, members] = [0, 0, 0, 0]
  for (const node of program.nodes.values()) {
    for (const { address, ingress, egress } of node.endpoints()) {
      endpoints += address === "" || ingress === egress ? 0 : 1
    }
    for (const key of node.classes()) {
      classesOnNodes += 1
      classes.add(key)
    }
    for (const key of node.sets()) {
      setsOnNodes += 1
      sets.add(key)
    }
    for (const key of node.namedPortSets()) sets.add(`named ${key}`)
  }
  let stages = 0
  for (const key of classes) stages += program.policyClass(key).stages.length
  for (const key of sets)
    for (const member of program.addressSet(key).members()) members += member === "" ? 0 : 1
  return {
    nodes: program.nodes.size,
    endpoints,
    classes: classes.size,
    classesOnNodes,
    sets: sets.size,
    setsOnNodes,
    members,
  }
}
