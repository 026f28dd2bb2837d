// What the readers of all kinds share: where mistakes go, and an object's metadata.

import type { Shape, ValueOf } from "../api/conforms.ts"
import { conforms, withoutNulls } from "../api/conforms.ts"
import type { Diagnostic, FieldPath } from "../api/diagnostic.ts"
import type { Metadata } from "../api/metadata.ts"
import { type Report, root, shown, within } from "../api/report.ts"
import { canonicalAddress } from "../compile/address-ranges.ts"
import type { Labels } from "../compile/snapshot.ts"
import { dnsLabelMistake, subdomainMistake } from "../kinds/label-syntax.ts"
import { checkLabels } from "../kinds/selector-reading.ts"
import type { Manifest } from "./objects.ts"

export interface ObjectReading {
  readonly manifest: Manifest
  /** For objects that name no namespace. */
  readonly namespace: string
  /** Ends a name that is to be generated. */
  readonly nextSuffix: () => string
  readonly report: Report
  readonly tell: (diagnostic: Diagnostic) => void
}

export interface Identity {
  /** "" for a cluster-wide kind. */
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
}

/** What the API server demands of names of a kind. */
export interface Naming {
  readonly namespaced: boolean
  readonly nameMistake: (name: string) => string | undefined
}

export const subdomainNamed = { namespaced: true, nameMistake: subdomainMistake } as const satisfies Naming
export const clusterWide = { namespaced: false, nameMistake: subdomainMistake } as const satisfies Naming

/** The object in the shape of its schema, or undefined where it has another; nulls are gone. */
export function readShape<S extends Shape>(
  schema: S,
  { manifest, report }: ObjectReading,
): ValueOf<S> | undefined {
  const value = withoutNulls(manifest.value, schema)
  return conforms(schema, value, root(report)) ? value : undefined
}

/** Undefined where the object has no usable name. */
export function readIdentity(
  metadata: Metadata,
  naming: Naming,
  reading: ObjectReading,
): Identity | undefined {
  const { report } = reading
  const { labels = {} } = metadata
  checkLabels(labels, within(root(report), "metadata"), "labels")
  const namespace = readNamespace(metadata, naming, reading)
  const name = readName(metadata, naming, reading)
  return name === undefined || namespace === undefined ? undefined : { namespace, name, labels }
}

function readNamespace(
  metadata: Metadata,
  { namespaced }: Naming,
  { manifest, namespace, report }: ObjectReading,
): string | undefined {
  const written = metadata.namespace ?? ""
  if (!namespaced) {
    if (written !== "") report("needlessNamespace", { kind: manifest.kind }, ["metadata", "namespace"])
    return ""
  }
  if (written === "") return namespace
  const why = dnsLabelMistake(written)
  if (why === undefined) return written
  report("invalidName", { value: shown(written), kind: "Namespace", why }, ["metadata", "namespace"])
  return undefined
}

function readName(
  metadata: Metadata,
  { nameMistake }: Naming,
  { manifest, report, nextSuffix }: ObjectReading,
): string | undefined {
  const generated =
    metadata.generateName === undefined ? undefined : `${metadata.generateName}${nextSuffix()}`
  const name = metadata.name ?? generated
  if (name === undefined) {
    report("missingField", { field: "name" }, ["metadata"])
    return undefined
  }
  const why = nameMistake(name)
  if (why === undefined) return name
  const field = metadata.name === undefined ? "generateName" : "name"
  report("invalidName", { value: shown(name), kind: manifest.kind, why }, ["metadata", field])
  return undefined
}

/** Canonical text; undefined and told where it is no address. */
export function readAddress(text: string, at: FieldPath, report: Report): string | undefined {
  const address = canonicalAddress(text)
  if (address === undefined) report("unreadableAddress", { value: shown(text) }, at)
  return address
}

export function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined
}
