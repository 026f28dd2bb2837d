// What is wrong with the files, in the order of files and lines.

import { type Diagnostic, type ObjectReference, objectText, type SourcePosition } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import type { Location, Locator } from "./location.ts"

/** Told where the second stands; where the first does is looked up at the end. */
export interface Duplicate {
  readonly object: ObjectReference
  readonly position: SourcePosition
  readonly first: Location
}

export function duplicateDiagnostics(
  duplicates: readonly Duplicate[],
  { positionOf }: Locator,
): readonly Diagnostic[] {
  return duplicates.map(({ object, position, first }) => {
    const { file, line } = positionOf(first, [])
    const told = diagnostic("duplicateObject", { object: objectText(object), first: `${file}:${line}` })
    return { ...told, object, position }
  })
}

/** What has no position comes first. */
export function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const order = new Map(files.map((file, i) => [file, i]))
  const fileOrder = ({ position }: Diagnostic) => (position && order.get(position.file)) ?? -1
  return [...diagnostics].sort((a, b) => fileOrder(a) - fileOrder(b) || byPosition(a.position, b.position))
}

function byPosition(a: SourcePosition | undefined, b: SourcePosition | undefined): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0)
}
