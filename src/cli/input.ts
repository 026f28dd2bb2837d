// -f PATH...: manifests as a command needs them, or every error that is in them.

import type { Diagnostic, FieldPath } from "../api/diagnostic.ts"
import type { Snapshot } from "../compile/snapshot.ts"
import type { Assertion } from "../manifests/read-assertion.ts"
import { type PositionLookup, readManifests, type SourceLine } from "../manifests/read-manifests.ts"
import type { Locate } from "./explain-json.ts"
import { type Outcome, refused } from "./outcome.ts"

export interface Input {
  readonly snapshot: Snapshot
  readonly assertions: readonly Assertion[]
  readonly positions: PositionLookup
  readonly locate: Locate
  /** Warnings and notes. */
  readonly warnings: readonly Diagnostic[]
  readonly sourceLine: SourceLine
}

export type ReadInput =
  | { readonly ok: true; readonly value: Input }
  | { readonly ok: false; readonly outcome: Outcome }

/** With an error nothing but the errors is told. */
export function readInput(paths: readonly string[], namespace: string): ReadInput {
  const { snapshot, assertions, positions, diagnostics, sourceLine } = readManifests(paths, { namespace })
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  if (errors.length > 0) return { ok: false, outcome: { ...refused(errors), sourceLine } }
  const locate: Locate = (policy, path) => positions(policy, fieldPath(path)) ?? null
  return { ok: true, value: { snapshot, assertions, positions, locate, warnings: diagnostics, sourceLine } }
}

/** "spec.ingress[0]" as segments; the paths of rules have no keys that need quotes. */
function fieldPath(text: string): FieldPath {
  return Array.from(text.matchAll(/[^.[\]]+/g), ([segment]) =>
    /^\d+$/.test(segment) ? Number(segment) : segment,
  )
}
