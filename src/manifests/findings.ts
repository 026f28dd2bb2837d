// What is wrong with the files, gathered while reading and given positions at the end, file by file.

import type { Diagnostic, ObjectReference, SourcePosition } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import type { FieldPlace, Location, Locator } from "./location.ts"
import type { SourceFile } from "./source-file.ts"

export type Finding =
  /** It has a position, or needs none. */
  | { readonly kind: "placed"; readonly diagnostic: Diagnostic }
  | {
      readonly kind: "offset"
      readonly diagnostic: Diagnostic
      readonly file: SourceFile
      readonly offset: number
    }
  | { readonly kind: "field"; readonly diagnostic: Diagnostic; readonly location: Location }
  | {
      readonly kind: "duplicate"
      readonly object: ObjectReference
      readonly location: Location
      readonly first: Location
    }

const whole: FieldPlace = { path: [] }

/** In the order of files, and of lines within one. */
export function placed(
  findings: readonly Finding[],
  files: readonly SourceFile[],
  locator: Locator,
): readonly Diagnostic[] {
  const order = new Map(files.map((file, i) => [file.name, i]))
  const fileOrder = ({ position }: Diagnostic) =>
    position === undefined ? -1 : (order.get(position.file) ?? -1)
  return findings
    .map((finding) => place(finding, locator))
    .sort((a, b) => fileOrder(a) - fileOrder(b) || byPosition(a.position, b.position))
}

function place(finding: Finding, { positionOf, lines }: Locator): Diagnostic {
  switch (finding.kind) {
    case "placed":
      return finding.diagnostic
    case "offset":
      return { ...finding.diagnostic, position: lines.positionOf(finding.file, finding.offset) }
    case "field": {
      const { pointsAt, ...rest } = finding.diagnostic
      return { ...rest, position: positionOf(finding.location, { path: rest.path ?? [], pointsAt }) }
    }
    case "duplicate": {
      const { object, location } = finding
      const first = positionOf(finding.first, whole)
      const values = { object: objectText(object), first: `${first.file}:${first.line}` }
      return { ...diagnostic("duplicateObject", values), object, position: positionOf(location, whole) }
    }
  }
}

export function objectText({ kind, namespace, name }: ObjectReference): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}

function byPosition(a: SourcePosition | undefined, b: SourcePosition | undefined): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0)
}
