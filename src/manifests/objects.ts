// Documents -> Kubernetes objects: lists taken apart, other things told.

import { fieldOf, isRecord } from "../api/conforms.ts"
import type { Diagnostic, FieldPath } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import { documentWords } from "./documents.ts"
import type { Location } from "./location.ts"

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly value: Readonly<Record<string, unknown>>
  readonly location: Location
}

export type Found =
  | { readonly kind: "object"; readonly location: Location; readonly manifest: Manifest }
  | { readonly kind: "mistake"; readonly location: Location; readonly diagnostic: Diagnostic }

/** An empty document is nothing. A list in a list is taken apart too. */
export function* objectsOf(value: unknown, location: Location, defaults: TypeNames = {}): Generator<Found> {
  if (value === null) return
  const { apiVersion, kind } = { ...defaults, ...typeNamesOf(value) }
  if (!isRecord(value) || (apiVersion === undefined && kind === undefined)) {
    yield told(location, diagnostic("notAManifest", { why: documentWords(value) }))
  } else if (apiVersion === undefined || kind === undefined) {
    yield incomplete(value, location, apiVersion === undefined ? "apiVersion" : "kind")
  } else if (location.within.length > MAX_LISTS) {
    yield told(location, diagnostic("tooDeep", { limit: MAX_LISTS }))
  } else if (kind.endsWith("List") && Array.isArray(value["items"])) {
    const item = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) }
    for (const [i, each] of value["items"].entries()) {
      const within: FieldPath = [...location.within, "items", i]
      yield* objectsOf(each, { ...location, within }, item)
    }
  } else {
    yield { kind: "object", location, manifest: { apiVersion, kind, value, location } }
  }
}

/** Segments of the path of a list in a list, two a list. */
const MAX_LISTS = 20

interface TypeNames {
  readonly apiVersion?: string
  readonly kind?: string
}

function typeNamesOf(value: unknown): TypeNames {
  const apiVersion = fieldOf(value, "apiVersion")
  const kind = fieldOf(value, "kind")
  return {
    ...(typeof apiVersion === "string" ? { apiVersion } : {}),
    ...(typeof kind === "string" ? { kind } : {}),
  }
}

/** Chart.yaml has an apiVersion, and a chart's values may have a kind; only objects have metadata or spec. */
function incomplete(value: unknown, location: Location, field: string): Found {
  if (isRecord(fieldOf(value, "metadata")) || isRecord(fieldOf(value, "spec"))) {
    return told(location, diagnostic("incompleteManifest", { field }))
  }
  return told(location, diagnostic("notAManifest", { why: `it has no ${field}` }))
}

function told(location: Location, what: Diagnostic): Found {
  return { kind: "mistake", location, diagnostic: what }
}
