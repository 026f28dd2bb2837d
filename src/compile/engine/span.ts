// Which nodes need which classes and sets, so that a pod that comes or goes costs what it brings.
//
// Within a batch everything that comes is counted before anything that goes: a count that leaves zero was zero
// before the batch, and one that reaches zero is zero after it.

import { type Bag, hasItem, sizeOf, withItem, withoutItem } from "./bag.ts"
import type { ClassState, NodeState, SharedSet } from "./state.ts"

/** Says whether it is the node's first endpoint with the class. */
export function countClass({ classes }: NodeState, entered: ClassState): boolean {
  const count = classes.get(entered) ?? 0
  classes.set(entered, count + 1)
  return count === 0
}

/** Says whether that was the last one. */
export function discountClass({ classes }: NodeState, left: ClassState): boolean {
  const count = (classes.get(left) ?? 0) - 1
  if (count > 0) classes.set(left, count)
  else classes.delete(left)
  return count === 0
}

/** For a class that the node has now; says whether the set is new to the node. */
export function addToSpan(set: SharedSet, node: NodeState): boolean {
  if (hasItem(set.nodes, node)) return false
  set.nodes = withItem(set.nodes, node)
  return true
}

/** For a class that the node has no longer; says whether it needs the set no longer. */
export function dropFromSpan(set: SharedSet, node: NodeState): boolean {
  if (isNeeded(set, node.classes)) return false
  set.nodes = withoutItem(set.nodes, node)
  return true
}

function isNeeded(set: SharedSet, onNode: ReadonlyMap<ClassState, number>): boolean {
  if (sizeOf(set.classes) <= onNode.size) return some(set.classes, (each) => onNode.has(each))
  return onNode.keys().some((each) => hasItem(set.classes, each))
}

function some<T>(bag: Bag<T>, holds: (item: T) => boolean): boolean {
  for (const item of bag) if (holds(item)) return true
  return false
}
