// What a plan that was computed from the kernel's tables says about them.

import { setTimeout } from "node:timers/promises"
import type { Plan } from "nftables-json/plan"
import type { Command } from "nftables-json/schema"
import type { Generation } from "./generation.ts"
import type { KernelState } from "./kernel-tables.ts"
import { elementsOf } from "./narrows.ts"

export interface Comparison {
  readonly state: KernelState
  /** The generation in force; undefined before the first. */
  readonly known: Generation | undefined
  readonly change: Plan | undefined
}

/**
 * The comparison, made again where only elements seem to be missing. A listing that meets a hash set while the kernel
 * resizes it, which it does behind the transaction that made it grow, leaves some out (100,000 elements, Linux 6.18).
 */
export async function surely<T extends { readonly change: Plan | undefined }>(
  compare: () => Promise<T>,
): Promise<T> {
  const first = await compare()
  if (first.change === undefined || !onlyAddsElements(first.change)) return first
  await setTimeout(RESIZE_MS)
  return await compare()
}

const RESIZE_MS = 100

function onlyAddsElements({ add, flip, remove }: Plan): boolean {
  const isAddition = (command: Command): boolean => "add" in command && elementsOf(command) !== undefined
  return flip.length > 0 && add.length + remove.length === 0 && flip.every(isAddition)
}

export function countOf(plan: Plan): number {
  return plan.add.length + plan.flip.length + plan.remove.length
}

/** A plan's text without handles, which are new after every write. */
export function outline(plan: Plan): string {
  return JSON.stringify(plan, (key, value: unknown) => (key === "handle" ? undefined : value))
}
