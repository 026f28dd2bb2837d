// What a command judges, as it needs it, or every error that is in it: manifests (-f PATH...) or a running cluster.

import type { AssertionObject } from "../api/connectivity-assertion.ts"
import type { Diagnostic, FieldPath } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import type { Enforcement, Snapshot } from "../compile/snapshot.ts"
import type { Locate } from "../explain/explain-json.ts"
import { NoClusterError } from "../kubernetes/api-error.ts"
import {
  type Manifests,
  type PositionLookup,
  readGivenManifests,
  readManifests,
  type SourceLine,
} from "../manifests/read-manifests.ts"
import type { ClusterOptions } from "./cluster-options.ts"
import { type Outcome, refused } from "./outcome.ts"

export interface Input {
  readonly snapshot: Snapshot
  readonly assertions: readonly AssertionObject[]
  readonly positions: PositionLookup
  readonly locate: Locate
  /** The mode of namespaces whose label names none: a cluster's setting, of manifests enforce. */
  readonly enforcement: Enforcement
  /** Warnings and notes. */
  readonly warnings: readonly Diagnostic[]
  readonly sourceLine: SourceLine
}

export type ReadInput =
  | { readonly ok: true; readonly value: Input }
  | { readonly ok: false; readonly outcome: Outcome }

export function readInput(paths: readonly string[], namespace: string): ReadInput {
  return inputOf(readManifests(paths, { namespace }))
}

/** The same of files that were read elsewhere; none at all is an empty cluster. */
export function readGivenInput(files: ReadonlyMap<string, Uint8Array>, namespace: string): ReadInput {
  const manifests = readGivenManifests(files, { namespace })
  return inputOf(files.size === 0 ? { ...manifests, diagnostics: [] } : manifests)
}

/** With an error nothing but the errors is told. */
function inputOf({ snapshot, assertions, positions, diagnostics, sourceLine }: Manifests): ReadInput {
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  if (errors.length > 0) return { ok: false, outcome: { ...refused(errors), sourceLine } }
  const locate: Locate = (policy, path) => positions(policy, fieldPath(path)) ?? null
  return {
    ok: true,
    value: {
      snapshot,
      assertions,
      positions,
      locate,
      enforcement: "enforce",
      warnings: diagnostics,
      sourceLine,
    },
  }
}

export interface InputOptions extends ClusterOptions {
  /** Without it the cluster is read. */
  readonly file?: readonly string[]
  readonly namespace: string
}

export async function readInputOrCluster(options: InputOptions): Promise<ReadInput> {
  if (options.file !== undefined) return readInput(options.file, options.namespace)
  // Loaded here: who judges files does not wait for a Kubernetes client.
  const { readClusterSnapshot } = await import("./cluster-snapshot.ts")
  const { mistakes, ...cluster } = await readClusterSnapshot(options).catch(tellOfFiles)
  const warnings = mistakes.map((what) => diagnostic("readInPart", { what }))
  const nowhere = { positions: () => undefined, locate: () => null, sourceLine: () => undefined }
  return { ok: true, value: { ...cluster, ...nowhere, warnings } }
}

export function tellOfFiles(error: unknown): never {
  if (error instanceof NoClusterError) throw new NoClusterError(`${error.message}; -f PATH reads manifests`)
  throw error
}

/** "spec.ingress[0]" as segments; the paths of rules have no keys that need quotes. */
function fieldPath(text: string): FieldPath {
  return Array.from(text.matchAll(/[^.[\]]+/g), ([segment]) =>
    /^\d+$/.test(segment) ? Number(segment) : segment,
  )
}
