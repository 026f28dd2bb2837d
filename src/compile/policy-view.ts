// What the engine knows of one policy, for its status.

import type { Diagnostic } from "../api/diagnostic.ts"
import type { PolicyReference } from "./policy-ir.ts"

export interface PolicyView {
  readonly reference: PolicyReference
  /** Of the object; "" and 0 where it has none (from files). */
  readonly uid: string
  readonly generation: number
  /** Pods that its subject holds: neither finished nor host-network ones. */
  readonly selectedPods: number
  /** Those of them whose namespace is observed. */
  readonly observedPods: number
  /** Host-network pods that its subject would hold; no policy applies to them. */
  readonly hostNetworkPods: number
  /** Selected pods by the name of their node. Costs a look at each of them, once, when it is asked for. */
  readonly nodes: ReadonlyMap<string, number>
  /** What the kind's check says; [] where the engine was given none. */
  readonly diagnostics: readonly Diagnostic[]
}
