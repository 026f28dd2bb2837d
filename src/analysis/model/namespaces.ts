// Namespaces: their labels, and whether what their pods are denied is only counted.

import { labelValue, type Selector, selects } from "../../compile/selector.ts"
import type { Labels, Namespace } from "../../compile/snapshot.ts"
import { lookUp, put } from "../layered-map.ts"
import type { ModelState } from "./state.ts"

const NAME_LABEL = "kubernetes.io/metadata.name"
/** A namespace's own mode; any other value is as none. */
const ENFORCEMENT_LABEL = "postern.dev/enforcement"

export function setNamespace(state: ModelState, { name, labels }: Namespace): void {
  const named = labelValue(labels, NAME_LABEL) === undefined ? { ...labels, [NAME_LABEL]: name } : labels
  put(state.namespaces, name, named)
}

/** Pods may be in a namespace without an object, which has only its name. */
export function namespaceLabels(state: ModelState, name: string): Labels {
  return lookUp(state.namespaces, name) ?? { [NAME_LABEL]: name }
}

export function isObserved(state: ModelState, name: string): boolean {
  const own = labelValue(lookUp(state.namespaces, name) ?? {}, ENFORCEMENT_LABEL)
  return (own === "observe" || own === "enforce" ? own : state.enforcement) === "observe"
}

export function namespaceHolds(state: ModelState, selector: Selector, name: string): boolean {
  return selector.length === 0 || selects(selector, namespaceLabels(state, name))
}
