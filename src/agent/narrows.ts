// Whether a plan may take access away from live connections.
//
// Proven to widen only: new members of sets named "allow" (only Accept runs use them), dispatch elements for
// addresses that had none (a local address without one was refused), and what the agent itself writes: the revision,
// and the bridge's table, which judges every frame and asks for no mark.
// The plan's additions and removals are named by no rule, so only the flip counts.

import { isMapElement } from "nftables-json/expression"
import type { Plan } from "nftables-json/plan"
import type { Command, ElementList, Expression } from "nftables-json/schema"

export const DISPATCH_MAPS: ReadonlySet<string> = new Set(["egress4", "egress6", "ingress4", "ingress6"])

export function narrows(plan: Plan): boolean {
  const deleted = new Set(plan.flip.flatMap(deletedKeys))
  return !plan.flip.every((command) => widens(command, deleted))
}

function widens(command: Command, deleted: ReadonlySet<string>): boolean {
  const elements = elementsOf(command)
  if (elements?.name === "revision" || isOfBridge(command)) return true
  if (elements === undefined || !("add" in command)) return false
  if (elements.name.startsWith("allow")) return true
  return DISPATCH_MAPS.has(elements.name) && keysOf(elements).every((key) => !deleted.has(key))
}

function isOfBridge(command: Command): boolean {
  const [body] = Object.values<object>(command)
  const [object] = Object.values<unknown>({ ...body })
  return typeof object === "object" && object !== null && "family" in object && object.family === "bridge"
}

function deletedKeys(command: Command): string[] {
  const elements = "delete" in command ? elementsOf(command) : undefined
  return elements === undefined ? [] : keysOf(elements)
}

export function elementsOf(command: Command): ElementList | undefined {
  const object = "add" in command ? command.add : "delete" in command ? command.delete : undefined
  return object !== undefined && "element" in object ? object.element : undefined
}

function keysOf(elements: ElementList): string[] {
  return elements.elem.map((element) => `${elements.name} ${JSON.stringify(keyOf(element))}`)
}

/** The key of a set element, or of a map's [key, value]. */
export function keyOf(element: ElementList["elem"][number]): Expression {
  return isMapElement(element) ? element[0] : element
}
