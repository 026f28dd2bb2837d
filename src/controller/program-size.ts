// How large a program is.

import type { ClassKey, Program, SetKey } from "../compile/program.ts"

export interface ProgramSize {
  readonly nodes: number
  readonly endpoints: number
  readonly classes: number
  readonly stages: number
  readonly sets: number
  readonly elements: number
}

export function programSize(program: Program): ProgramSize {
  const classes = new Set<ClassKey>()
  const sets = new Set<SetKey>()
  let endpoints = 0
  for (const node of program.nodes.values()) {
    for (const _ of node.endpoints()) endpoints++
    for (const key of node.classes()) classes.add(key)
    for (const key of node.sets()) sets.add(key)
  }
  let elements = 0
  for (const key of sets) for (const _ of program.addressSet(key).members()) elements++
  let stages = 0
  for (const key of classes) stages += program.policyClass(key).stages.length
  return { nodes: program.nodes.size, endpoints, classes: classes.size, stages, sets: sets.size, elements }
}
