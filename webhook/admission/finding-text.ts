// Findings in the words of kubectl's user: in a refusal with all their length, in a warning on one line.

import { charactersIn, printable, shortenedTo } from "../../src/analysis/printable.ts"
import { type Diagnostic, fieldPathText } from "../../src/api/diagnostic.ts"

const MOST_LISTED = 20
const MOST_CHARACTERS = 400

/** What the API server prints behind "denied the request: ". */
export function refusalText(mistakes: readonly Diagnostic[]): string {
  const lines = mistakes.slice(0, MOST_LISTED).map((each) => shortenedTo(lineOf(each), MOST_CHARACTERS))
  const [only = ""] = lines
  if (mistakes.length <= 1) return only
  const rest = mistakes.length - lines.length
  const more = rest > 0 ? [`and ${rest} more`] : []
  return [`${mistakes.length} mistakes:`, ...lines, ...more].join("\n  ")
}

function lineOf({ code, path = [], message }: Diagnostic): string {
  return printable(`${fieldText(fieldPathText(path))}${message} (${code})`)
}

export interface Finding {
  readonly code: string
  readonly message: string
  /** "" for the whole object. */
  readonly path: string
}

/** Code and place stay whole where the message is too long, as far as there is room. */
export function warningText({ code, message, path }: Finding, most: number): string {
  const end = ` (${code})`
  const start = fieldText(printable(path))
  const room = most - charactersIn(end)
  return `${shortenedTo(`${start}${printable(message)}`, room)}${end}`
}

function fieldText(path: string): string {
  return path === "" ? "" : `${path}: `
}
