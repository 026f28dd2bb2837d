// Names of what a lab makes. Namespaces carry the lab's prefix, interfaces live inside them.

import { createHash } from "node:crypto"
import type { LabPodSpec } from "./spec.ts"

/** What every network namespace of any lab is named after; four hexadecimal digits and a dash follow. */
export const labPrefix = "pst"

const MOST_BYTES = 254

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
    node: (name) => fitting(`${lab}-node.${name}`),
    pod: (namespace, name) => fitting(`${lab}-pod.${namespace}.${name}`),
  }
}

/** A network namespace is a file of at most 254 bytes (ip-netns(8)); a pod made up from a template has a / in its name. */
function fitting(name: string): string {
  const file = name.replaceAll("/", "_")
  return file.length <= MOST_BYTES ? file : `${file.slice(0, MOST_BYTES - 9)}-${digest(file).slice(0, 8)}`
}

/** The node's end of a pod's veth, as CNI plugins name it: "veth" and eight hexadecimal digits. */
export function podInterface(pod: LabPodSpec): string {
  return `veth${digest(`${pod.namespace}/${pod.name}`).slice(0, 8)}`
}

/** Of an interface in a network namespace of the lab; the same in every lab. */
export function interfaceHardwareAddress(networkNamespace: string, name: string): string {
  return hardwareAddress(`${networkNamespace.slice(networkNamespace.indexOf("-") + 1)}.${name}`)
}

/** A locally administered hardware address that is the same for the same text. */
export function hardwareAddress(text: string): string {
  return `0a:58:${digest(text).slice(0, 8).match(/../g)?.join(":") ?? ""}`
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
