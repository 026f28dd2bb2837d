// Which nodes need which classes and sets, counted, so that a pod that comes or goes costs what it brings.
//
// Within a batch everything that comes is counted before anything that goes: a count that leaves zero was zero
// before the batch, and one that reaches zero is zero after it.

import type { ClassState, NodeState, Span } from "./state.ts"

/** Says whether it is the node's first endpoint with the class. */
export function countClass({ classes }: NodeState, policyClass: ClassState): boolean {
  const count = classes.get(policyClass) ?? 0
  classes.set(policyClass, count + 1)
  return count === 0
}

/** Says whether that was the last one. */
export function discountClass({ classes }: NodeState, policyClass: ClassState): boolean {
  const count = (classes.get(policyClass) ?? 0) - 1
  if (count > 0) classes.set(policyClass, count)
  else classes.delete(policyClass)
  return count === 0
}

/** Says whether it is the node's first class with the set. */
export function countSet(span: Span, node: NodeState): boolean {
  const count = span.nodes.get(node) ?? 0
  span.nodes.set(node, count + 1)
  if (count === 0) span.names = null
  return count === 0
}

/** Says whether that was the last one. */
export function discountSet(span: Span, node: NodeState): boolean {
  const count = (span.nodes.get(node) ?? 0) - 1
  if (count > 0) span.nodes.set(node, count)
  else span.nodes.delete(node)
  if (count === 0) span.names = null
  return count === 0
}

/** Sorted. */
export function nodeNames(span: Span): readonly string[] {
  span.names ??= Array.from(span.nodes.keys(), ({ name }) => name).sort()
  return span.names
}
