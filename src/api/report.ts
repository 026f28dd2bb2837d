// How a mistake is told: by its name in the registry, with the values its message needs.

import { type CodeName, codes } from "./codes.ts"
import type { Diagnostic, FieldPath } from "./diagnostic.ts"

type Placeholders<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never

export type MessageValues<Name extends CodeName> = Readonly<
  Record<Placeholders<(typeof codes)[Name]["template"]>, string | number>
>

/** `pointsAt` "key" where the key at the end of the path is the mistake, not its value. */
export type Report = <Name extends CodeName>(
  name: Name,
  values: MessageValues<Name>,
  path: FieldPath,
  pointsAt?: "key",
) => void

/** A place in an object, and who is told what is wrong there. The path is made when it is needed. */
export interface Place {
  readonly report: Report
  /** Undefined for the root, whose segment is not part of the path. */
  readonly parent: Place | undefined
  readonly segment: string | number
}

export function root(report: Report): Place {
  return { report, parent: undefined, segment: "" }
}

export function within(parent: Place, segment: string | number): Place {
  return { report: parent.report, parent, segment }
}

function pathOf({ parent, segment }: Place): FieldPath {
  return parent === undefined ? [] : [...pathOf(parent), segment]
}

export function tell<Name extends CodeName>(
  place: Place,
  name: Name,
  values: MessageValues<Name>,
  pointsAt?: "key",
): void {
  place.report(name, values, pathOf(place), pointsAt)
}

export function diagnostic<Name extends CodeName>(
  name: Name,
  values: MessageValues<Name>,
  path?: FieldPath,
): Diagnostic {
  const { code, severity, template } = codes[name]
  const message = fill(template, new Map<string, string | number>(Object.entries(values)))
  return path === undefined ? { code, severity, message } : { code, severity, message, path }
}

/** Keeps what it is told, in order. */
export interface Collector {
  readonly report: Report
  /** For what has been put into words already. */
  readonly tell: (diagnostic: Diagnostic) => void
  readonly diagnostics: readonly Diagnostic[]
}

export function collector(): Collector {
  const diagnostics: Diagnostic[] = []
  return {
    diagnostics,
    tell: (told) => void diagnostics.push(told),
    report: (name, values, path, pointsAt) => {
      const told = diagnostic(name, values, path)
      diagnostics.push(pointsAt === undefined ? told : { ...told, pointsAt })
    },
  }
}

/** For reading what has been checked before. */
export const silent: Report = () => undefined

/** A value as a message shows it: quoted, on one line, cut where it is long. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function fill(template: string, values: ReadonlyMap<string, string | number>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values.get(name) ?? whole))
}
