// Diagnostics as compilers print them: file:line:column: severity CODE: message.

import { type Diagnostic, fieldPathText, type Severity } from "../api/diagnostic.ts"
import type { Palette } from "./palette.ts"

const inks = { error: "bad", warning: "warn", note: "dim" } as const satisfies Record<Severity, keyof Palette>

export function diagnosticText(diagnostic: Diagnostic, palette: Palette): string {
  const { position, severity, code, message, path, object } = diagnostic
  const where = position === undefined ? "" : `${position.file}:${position.line}:${position.column}: `
  const field = path === undefined || path.length === 0 ? "" : ` at ${fieldPathText(path)}`
  const name = object && [object.namespace, object.name].filter((each) => each !== "").join("/")
  const what = object === undefined ? "" : ` (${object.kind} ${name})`
  return `${where}${palette[inks[severity]](severity)} ${code}: ${message}${palette.dim(`${field}${what}`)}`
}
