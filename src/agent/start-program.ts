// What to enforce at start, before anyone has said anything: the kernel's table, the cached program, or nothing.

import type { NodeRuleset } from "../wire/node-ruleset.ts"
import type { CacheRead } from "./cache.ts"
import { type KernelState, NO_REVISION } from "./kernel-tables.ts"
import { withoutAddresses } from "./wanted.ts"

export type StartProgram =
  /** Never had a program: installs nothing. */
  | { readonly kind: "none" }
  | { readonly kind: "cached"; readonly node: NodeRuleset }
  /** Newer than the cache, which is written a little later than the kernel's table. */
  | { readonly kind: "adopted"; readonly node: NodeRuleset }

export interface AtStart {
  readonly cached: CacheRead
  readonly kernel: KernelState
  readonly bootId: string
  /** The node is switched to observe: what the kernel has then drops nothing, and is no program to enforce. */
  readonly isObserving: boolean
}

export function startProgram({ cached, kernel, bootId, isObserving }: AtStart): StartProgram {
  const program = cached.kind === "program" ? cached.program : undefined
  // The kernel's table did not outlive the boot: one that is there was saved by somebody, and restored.
  if (program !== undefined && program.bootId !== bootId) {
    const ruleset = withoutAddresses(program.node.ruleset)
    return { kind: "cached", node: { revision: NO_REVISION, ruleset } }
  }
  const inKernel = isObserving ? undefined : kernel.revision
  if (inKernel !== undefined && (program === undefined || inKernel > program.node.revision)) {
    // What the controller said before that: it names more connections then that have to end, and not fewer.
    const asOf = program?.node.asOf
    const node = { revision: inKernel, ruleset: programIn(kernel), ...(asOf === undefined ? {} : { asOf }) }
    return { kind: "adopted", node }
  }
  return program === undefined ? { kind: "none" } : { kind: "cached", node: program.node }
}

/** The kernel's table without what the agent adds by itself. */
function programIn(kernel: KernelState): NodeRuleset["ruleset"] {
  return kernel.ruleset.flatMap((object): NodeRuleset["ruleset"] => {
    if ("metainfo" in object || ("table" in object && object.table.family === "bridge")) return []
    const [body] = Object.values<unknown>(object)
    if (typeof body === "object" && body !== null && "family" in body && body.family === "bridge") return []
    if ("set" in object && object.set.name === "pod_interfaces") {
      const { elem: _, ...set } = object.set
      return [{ set }]
    }
    return [object]
  })
}
