// -f PATH...: manifests as a command needs them, or every error that is in them.

import type { Diagnostic, FieldPath } from "../api/diagnostic.ts"
import type { Snapshot } from "../compile/snapshot.ts"
import { bad, type Checked, good } from "../explain/checked.ts"
import { readManifests } from "../manifests/read-manifests.ts"
import type { Locate } from "./explain-json.ts"

export interface Input {
  readonly snapshot: Snapshot
  readonly locate: Locate
  /** Warnings and notes. */
  readonly warnings: readonly Diagnostic[]
}

export function readInput(paths: readonly string[], namespace: string): Checked<Input> {
  const { snapshot, positions, diagnostics } = readManifests(paths, { namespace })
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  if (errors.length > 0) return bad(...errors)
  const locate: Locate = (policy, path) => positions(policy, fieldPath(path)) ?? null
  return good({ snapshot, locate, warnings: diagnostics })
}

/** "spec.ingress[0]" as segments; the paths of rules have no keys that need quotes. */
function fieldPath(text: string): FieldPath {
  return Array.from(text.matchAll(/[^.[\]]+/g), ([segment]) =>
    /^\d+$/.test(segment) ? Number(segment) : segment,
  )
}
