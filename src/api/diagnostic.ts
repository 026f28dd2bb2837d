// A user's mistake as a record: stable code, place, field path; all of them are reported at once.

export type Severity = "error" | "warning" | "note"

/** Segments of a field path, e.g. ["spec", "ingress", 0, "from"]. */
export type FieldPath = readonly (string | number)[]

export interface SourcePosition {
  readonly file: string
  /** 1-based. */
  readonly line: number
  readonly column: number
}

export interface ObjectReference {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export interface Diagnostic {
  /** PNP and four digits, from the registry; never used twice. */
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly path?: FieldPath
  /** The key at the end of the path is the mistake, not its value. */
  readonly pointsAt?: "key"
  readonly position?: SourcePosition
  readonly object?: ObjectReference
}

/** "NetworkPolicy shop/web". */
export function objectText({ kind, namespace, name }: ObjectReference): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}

/** "spec.ingress[0].from[1].ipBlock.cidr"; keys that are not plain words are quoted: labels["app.kubernetes.io/name"]. */
export function fieldPathText(path: FieldPath): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === "number") return `${text}[${segment}]`
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) return `${text}[${JSON.stringify(segment)}]`
    return text === "" ? segment : `${text}.${segment}`
  }, "")
}

/** The segments of a text that fieldPathText wrote. */
export function readFieldPath(text: string): FieldPath {
  return Array.from(text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([A-Za-z_][A-Za-z0-9_-]*)/g), segmentOf)
}

function segmentOf([, index, quoted, word]: RegExpExecArray): string | number {
  if (index !== undefined) return Number(index)
  if (quoted !== undefined) return String(JSON.parse(quoted))
  return word ?? ""
}
