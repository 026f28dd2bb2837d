// Looking into manifests without believing what they are.

import { fieldOf } from "../src/api/conforms.ts"

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

/** Field by field, and element by number: "spec.containers.0.image". */
export function at(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce((each, name) => (Array.isArray(each) ? each[Number(name)] : fieldOf(each, name)), value)
}

/** The field of every element that has it as a string. */
export function texts(list: unknown, path: string): readonly string[] {
  const found = Array.isArray(list) ? list.map((each) => at(each, path)) : []
  return found.filter((each) => typeof each === "string")
}
