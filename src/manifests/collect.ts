// Files -> objects of every kind that is read, each known by its name, and what is wrong with them.

import type { ObjectReference } from "../api/diagnostic.ts"
import { collector, diagnostic, shown } from "../api/report.ts"
import type { Namespace, Node, PolicyObject, Service } from "../compile/snapshot.ts"
import { fileDocuments } from "./documents.ts"
import type { Finding } from "./findings.ts"
import { duplicateMembers, type JsonScan, jsonOffset, jsonScan } from "./json-scan.ts"
import { type ReadAs, readAs } from "./kind-names.ts"
import { type LoadedFile, loadFile } from "./load-file.ts"
import type { Location } from "./location.ts"
import type { ObjectReading } from "./object-reading.ts"
import { type Manifest, objectsOf } from "./objects.ts"
import { type Assertion, readAssertion } from "./read-assertion.ts"
import { readNamespace, readNode, readService } from "./read-cluster.ts"
import { type ReadPod, readPod } from "./read-pod.ts"
import { readPolicy } from "./read-policy.ts"
import { type ReadWorkload, readWorkload } from "./read-workload.ts"
import type { SourceFile } from "./source-file.ts"

export interface Collected {
  readonly namespaces: Namespace[]
  readonly pods: ReadPod[]
  readonly nodes: Node[]
  readonly services: Service[]
  readonly policies: PolicyObject[]
  readonly workloads: ReadWorkload[]
  readonly assertions: Assertion[]
  readonly locations: Map<string, Location>
  readonly sources: SourceFile[]
  readonly findings: Finding[]
  readonly ignored: Map<string, number>
  /** Of any kind, read or not. */
  objects: number
}

export interface CollectOptions {
  readonly namespace: string
  readonly stdin: () => Uint8Array
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
    findings: [],
    ignored: new Map(),
    objects: 0,
  }
  for (const name of files) {
    const loaded = loadFile(name, options.stdin)
    if (loaded.ok) collectFile(loaded.loaded, options, collected)
    else collected.findings.push({ kind: "placed", diagnostic: loaded.diagnostic })
  }
  return collected
}

export function objectKey({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace}/${name}`
}

function collectFile(loaded: LoadedFile, { namespace }: CollectOptions, collected: Collected): void {
  const { file, text } = loaded
  collected.sources.push(file)
  for (const { value, location, mistakes } of fileDocuments(loaded)) {
    for (const mistake of mistakes) collected.findings.push({ kind: "offset", file, ...mistake })
    if (value === undefined) continue
    const scan = jsonScan(text)
    for (const found of objectsOf(value, location)) {
      if (found.kind === "mistake") collected.findings.push({ ...found, kind: "field" })
      else collectObject(found.manifest, { namespace, scan }, collected)
    }
  }
}

interface InFile {
  readonly namespace: string
  readonly scan: JsonScan
}

function collectObject(manifest: Manifest, { namespace, scan }: InFile, collected: Collected): void {
  const { location } = manifest
  collected.objects++
  const nextSuffix = () => String(collected.objects).padStart(5, "0")
  const told = collector()
  const reading: ObjectReading = { manifest, namespace, nextSuffix, ...told }
  const as = readAs(manifest)
  if (location.format === "json" && (as.as === "policy" || as.as === "assertion")) {
    tellDuplicates(location, scan, collected)
  }
  const identity = readObject(as, reading, collected)
  const object = identity && { kind: manifest.kind, namespace: identity.namespace ?? "", name: identity.name }
  if (object !== undefined) remember(object, location, collected)
  for (const each of told.diagnostics) {
    const diagnostic = object === undefined ? each : { ...each, object }
    collected.findings.push({ kind: "field", diagnostic, location })
  }
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
function tellDuplicates({ file, slice, within }: Location, scan: JsonScan, { findings }: Collected): void {
  const start = jsonOffset(scan, { start: slice.start, path: within })
  for (const { key, keyAt } of duplicateMembers(scan.text, start)) {
    findings.push({
      kind: "offset",
      diagnostic: diagnostic("duplicateKey", { field: shown(key) }),
      file,
      offset: keyAt,
    })
  }
}

function remember(object: ObjectReference, location: Location, { locations, findings }: Collected): void {
  const key = objectKey(object)
  const first = locations.get(key)
  if (first === undefined) locations.set(key, location)
  else findings.push({ kind: "duplicate", object, location, first })
}
