// A kind of policy, whole: all that the compiler, the evaluator, the readers and the webhook know of it.

import type { Shape } from "../api/conforms.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import type { Lower } from "../compile/policy-ir.ts"
import type { PolicyObject } from "../compile/snapshot.ts"
import type { Judge } from "../explain/judge.ts"
import type { Outline } from "./policy-outline.ts"
import type { Source } from "./reading.ts"

export interface PolicyKind {
  /** "networking.k8s.io/v1" */
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly specSchema: Shape
  /** Every mistake in the spec, with its path from the object's root. */
  readonly check: (object: PolicyObject, source: Source) => readonly Diagnostic[]
  readonly lower: Lower
  readonly judge: Judge
  /** Where it writes what, for lint. */
  readonly outline: Outline
}
