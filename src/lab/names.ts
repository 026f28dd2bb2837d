// Names of what a lab makes. Namespaces carry the lab's prefix, interfaces live inside them.

import { createHash } from "node:crypto"
import type { LabPodSpec } from "./spec.ts"

/** What every network namespace of any lab is named after; four hexadecimal digits and a dash follow. */
export const labPrefix = "pst"

export interface LabNames {
  readonly underlay: string
  readonly outside: string
  readonly node: (name: string) => string
  readonly pod: (namespace: string, name: string) => string
}

/** `lab` is "pst" and four hexadecimal digits. */
export function labNames(lab: string): LabNames {
  return {
    underlay: `${lab}-underlay`,
    outside: `${lab}-outside`,
    node: (name) => `${lab}-node.${name}`,
    pod: (namespace, name) => `${lab}-pod.${namespace}.${name}`,
  }
}

/** The node's end of a pod's veth, as CNI plugins name it: "veth" and eight hexadecimal digits. */
export function podInterface(pod: LabPodSpec): string {
  return `veth${digest(`${pod.namespace}/${pod.name}`).slice(0, 8)}`
}

/** A locally administered hardware address that is the same for the same text. */
export function hardwareAddress(text: string): string {
  return `0a:58:${digest(text).slice(0, 8).match(/../g)?.join(":") ?? ""}`
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
