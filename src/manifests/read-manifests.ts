// Files, directories and standard input -> a snapshot, assertions, and everything that is wrong with them.

import type { AssertionObject } from "../api/connectivity-assertion.ts"
import type { Diagnostic, FieldPath, ObjectReference, SourcePosition } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import type { Pod, Snapshot } from "../compile/snapshot.ts"
import { type Collected, collectObjects, objectKey } from "./collect.ts"
import { findFiles } from "./find-files.ts"
import { duplicateDiagnostics, inOrder } from "./findings.ts"
import { readStream } from "./load-file.ts"
import { locator } from "./location.ts"
import { ownedPods } from "./ownership.ts"
import { namespaceOf } from "./read-cluster.ts"
import type { Workload } from "./read-workload.ts"

export interface ReadOptions {
  /** Of objects that name none; -n of the commands. */
  readonly namespace: string
  /** What the path "-" stands for; read at most once. */
  readonly stdin?: () => Uint8Array
}

export interface Manifests {
  readonly snapshot: Snapshot
  readonly assertions: readonly AssertionObject[]
  readonly workloads: readonly Workload[]
  /** Where an object, or a field of it, stands; the nearest field above where it is not written. */
  readonly positions: PositionLookup
  /** The text of a line, for showing it beside a diagnostic. */
  readonly sourceLine: SourceLine
  readonly diagnostics: readonly Diagnostic[]
  /** How many objects there are of each kind that is not read. */
  readonly ignored: ReadonlyMap<string, number>
}

export type PositionLookup = (object: ObjectReference, path: FieldPath) => SourcePosition | undefined
export type SourceLine = (position: SourcePosition) => string | undefined

/** Nothing is thrown for what a user wrote: it is all in `diagnostics`, in the order of files and lines. */
export function readManifests(paths: readonly string[], options: ReadOptions): Manifests {
  const { files, diagnostics } = findFiles(paths)
  const stdin = options.stdin ?? (() => readStream(0))
  const collected = collectObjects(files, { namespace: options.namespace, stdin })
  return manifestsOf(collected, files, diagnostics)
}

/** The same of files that somebody else has read, by their names. */
export function readGivenManifests(
  given: ReadonlyMap<string, Uint8Array>,
  { namespace }: Pick<ReadOptions, "namespace">,
): Manifests {
  const files = [...given.keys()]
  const collected = collectObjects(files, { namespace, given, stdin: () => new Uint8Array() })
  return manifestsOf(collected, files, [])
}

function manifestsOf(
  collected: Collected,
  files: readonly string[],
  diagnostics: readonly Diagnostic[],
): Manifests {
  const { pods, workloads } = ownedPods(collected.pods, collected.workloads)
  const locate = locator()
  const told = [
    ...diagnostics,
    ...emptiness(collected, files),
    ...collected.diagnostics,
    ...duplicateDiagnostics(collected.duplicates, locate),
  ]
  return {
    snapshot: snapshotOf(collected, pods),
    assertions: collected.assertions,
    workloads,
    positions: (object, path) => {
      const location = collected.locations.get(objectKey(object))
      return location && locate.positionOf(location, path)
    },
    sourceLine: ({ file, line }) => {
      const source = collected.sources.find((each) => each.name === file)
      return source && locate.lineOf(source, line)
    },
    diagnostics: inOrder(told, files),
    ignored: collected.ignored,
  }
}

/** Every namespace that something is in is there, with a manifest or not. */
function snapshotOf({ namespaces, nodes, services, policies }: Collected, pods: readonly Pod[]): Snapshot {
  const written = new Set(namespaces.map(({ name }) => name))
  const used = [...pods, ...services, ...policies.map(({ metadata }) => metadata)].map(
    ({ namespace }) => namespace,
  )
  const unwritten = [...new Set(used)].filter((name) => name !== "" && !written.has(name))
  return {
    namespaces: [...namespaces, ...unwritten.map((name) => namespaceOf(name))],
    pods,
    nodes,
    services,
    policies,
  }
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : shown(file)
}

/** Files that could be read, and not one object in them. */
function emptiness({ objects, diagnostics }: Collected, files: readonly string[]): readonly Diagnostic[] {
  const [file] = files
  if (objects > 0 || file === undefined || diagnostics.some(({ severity }) => severity === "error")) return []
  return [
    diagnostic("nothingFound", { value: files.length === 1 ? nameOf(file) : `these ${files.length} files` }),
  ]
}
