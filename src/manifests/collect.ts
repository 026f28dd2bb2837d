// Files -> objects of every kind that is read, each known by its name, and what is wrong with them.

import type { AssertionObject } from "../api/connectivity-assertion.ts"
import type { Diagnostic, ObjectReference } from "../api/diagnostic.ts"
import { type Collector, collector, diagnostic, shown } from "../api/report.ts"
import type { Namespace, Node, PolicyObject, Service } from "../compile/snapshot.ts"
import { fileDocuments, type OffsetOf } from "./documents.ts"
import type { Duplicate } from "./findings.ts"
import { duplicateMembers } from "./json-scan.ts"
import { type ReadAs, readAs } from "./kind-names.ts"
import { type LoadedFile, loadBytes, loadFile } from "./load-file.ts"
import type { Location } from "./location.ts"
import type { ObjectReading } from "./object-reading.ts"
import { type Found, type Manifest, objectsOf } from "./objects.ts"
import { readAssertion } from "./read-assertion.ts"
import { readNamespace, readNode, readService } from "./read-cluster.ts"
import { type ReadPod, readPod } from "./read-pod.ts"
import { readPolicy } from "./read-policy.ts"
import { type ReadWorkload, readWorkload } from "./read-workload.ts"
import { type Lines, linesOf, type SourceFile } from "./source-file.ts"

export interface Collected {
  readonly namespaces: Namespace[]
  readonly pods: ReadPod[]
  readonly nodes: Node[]
  readonly services: Service[]
  readonly policies: PolicyObject[]
  readonly workloads: ReadWorkload[]
  readonly assertions: AssertionObject[]
  readonly locations: Map<string, Location>
  readonly sources: SourceFile[]
  readonly diagnostics: Diagnostic[]
  readonly duplicates: Duplicate[]
  readonly ignored: Map<string, number>
  /** Of any kind, read or not. */
  objects: number
}

export interface CollectOptions {
  readonly namespace: string
  readonly stdin: () => Uint8Array
  /** Files by name that are not on the disk. */
  readonly given?: ReadonlyMap<string, Uint8Array>
}

export function collectObjects(files: readonly string[], options: CollectOptions): Collected {
  const collected: Collected = {
    namespaces: [],
    pods: [],
    nodes: [],
    services: [],
    policies: [],
    workloads: [],
    assertions: [],
    locations: new Map(),
    sources: [],
    diagnostics: [],
    duplicates: [],
    ignored: new Map(),
    objects: 0,
  }
  for (const name of files) {
    const bytes = options.given?.get(name)
    const loaded = bytes === undefined ? loadFile(name, options.stdin) : loadBytes(name, bytes)
    if (loaded.ok) collectFile(loaded.loaded, options.namespace, collected)
    else collected.diagnostics.push(loaded.diagnostic)
  }
  return collected
}

export function objectKey({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace}/${name}`
}

function collectFile(loaded: LoadedFile, namespace: string, collected: Collected): void {
  const { file, text } = loaded
  const lines = linesOf(file.name, text)
  collected.sources.push(file)
  for (const document of fileDocuments(loaded)) {
    const { value, mistakes, format, slice } = document
    for (const { diagnostic, offset } of mistakes) {
      collected.diagnostics.push({ ...diagnostic, position: lines.positionOf(offset) })
    }
    if (value === undefined) continue
    for (const found of objectsOf(value, { file, format, slice, within: [] })) {
      collectFound(found, { namespace, text, lines, offsetOf: document.offsetOf }, collected)
    }
  }
}

interface InFile {
  readonly namespace: string
  readonly text: string
  readonly lines: Lines
  readonly offsetOf: OffsetOf
}

function collectFound(found: Found, inFile: InFile, collected: Collected): void {
  const told = collector()
  const object =
    found.kind === "object" ? collectObject(found.manifest, inFile, { told, collected }) : undefined
  if (found.kind === "mistake") told.tell(found.diagnostic)
  for (const { pointsAt, ...each } of told.diagnostics) {
    const offset = inFile.offsetOf([...found.location.within, ...(each.path ?? [])], pointsAt)
    const position = inFile.lines.positionOf(offset)
    collected.diagnostics.push(object === undefined ? { ...each, position } : { ...each, object, position })
  }
}

interface Into {
  readonly told: Collector
  readonly collected: Collected
}

function collectObject(
  manifest: Manifest,
  inFile: InFile,
  { told, collected }: Into,
): ObjectReference | undefined {
  collected.objects++
  const nextSuffix = () => String(collected.objects).padStart(5, "0")
  const as = readAs(manifest)
  const { location, kind } = manifest
  if (location.format === "json" && (as.as === "policy" || as.as === "assertion")) {
    tellDuplicateKeys(location, inFile, collected)
  }
  const reading: ObjectReading = { manifest, namespace: inFile.namespace, nextSuffix, ...told }
  const identity = readObject(as, reading, collected)
  if (identity === undefined) return undefined
  const object: ObjectReference = { kind, namespace: identity.namespace ?? "", name: identity.name }
  const first = collected.locations.get(objectKey(object))
  if (first === undefined) collected.locations.set(objectKey(object), location)
  else {
    const position = inFile.lines.positionOf(inFile.offsetOf(location.within))
    collected.duplicates.push({ object, position, first })
  }
  return object
}

/** Reads an object and keeps it; its name, or undefined where it has none that is of use. */
function readObject(as: ReadAs, reading: ObjectReading, collected: Collected): Named | undefined {
  switch (as.as) {
    case "namespace":
      return keep(readNamespace(reading), collected.namespaces)
    case "node":
      return keep(readNode(reading), collected.nodes)
    case "service":
      return keep(readService(reading), collected.services)
    case "pod":
      return keep(readPod(reading), collected.pods)?.pod
    case "workload":
      return keep(readWorkload(reading), collected.workloads)?.workload
    case "assertion":
      return keep(readAssertion(reading), collected.assertions)
    case "policy":
      return keep(readPolicy(as.policyKind, reading), collected.policies)?.metadata
    case "mistake":
      reading.tell({ ...as.diagnostic, path: [as.field] })
      return undefined
    case "ignored": {
      const { kind } = reading.manifest
      collected.ignored.set(kind, (collected.ignored.get(kind) ?? 0) + 1)
      return undefined
    }
  }
}

interface Named {
  readonly namespace?: string
  readonly name: string
}

function keep<T>(object: T | undefined, list: T[]): T | undefined {
  if (object !== undefined) list.push(object)
  return object
}

/** JSON.parse keeps the last of two equal keys; in a policy the first may have been the one that was meant. */
function tellDuplicateKeys(
  { within }: Location,
  { text, lines, offsetOf }: InFile,
  { diagnostics }: Collected,
): void {
  for (const { key, keyAt } of duplicateMembers(text, offsetOf(within))) {
    diagnostics.push({
      ...diagnostic("duplicateKey", { field: shown(key) }),
      position: lines.positionOf(keyAt),
    })
  }
}
