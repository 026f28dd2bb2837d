// Findings in the words of kubectl's user: in a refusal with all their length, in a warning on one line.

import { charactersIn, printable, shortenedTo } from "../../src/analysis/printable.ts"
import { codes } from "../../src/api/codes.ts"
import { type Diagnostic, fieldPathText } from "../../src/api/diagnostic.ts"

const MOST_LISTED = 20
const MOST_CHARACTERS = 400

/** What the API server prints behind "denied the request: ": what is wrong with the object. */
export function mistakesText(mistakes: readonly Diagnostic[]): string {
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

/** Of what is refused although it is valid: why, and what there is to do. */
export function refusalText(refusals: readonly Diagnostic[]): string {
  const lines = refusals.slice(0, MOST_LISTED).map((each) => shortenedTo(lineOf(each), MOST_CHARACTERS))
  const remedies = new Set(refusals.flatMap(({ code }) => REMEDIES.get(code) ?? []))
  return [...lines, ...remedies].join("\n  ")
}

const REMEDIES: ReadonlyMap<string, string> = new Map(
  Object.values(codes).map(({ code, remedy }) => [code, remedy]),
)

export interface Finding {
  readonly code: string
  readonly message: string
  /** "" for the whole object. */
  readonly path: string
}

/** A finding goes on in so many lines: what was meant instead stands at the end. */
const MOST_LINES = 3

/** The first line has the place, every one the code. */
export function warningLines({ code, message, path }: Finding, most: number): readonly string[] {
  const end = ` (${code})`
  const whole = `${fieldText(printable(path))}${printable(message)}`
  const lines: string[] = []
  let rest = whole
  while (rest !== "" && lines.length < MOST_LINES) {
    const start = lines.length === 0 ? "" : "… "
    const room = most - charactersIn(start + end)
    const part = lines.length === MOST_LINES - 1 ? shortenedTo(rest, room) : fitting(rest, room)
    lines.push(`${start}${part}${end}`)
    rest = part.endsWith("…") ? "" : rest.slice(part.length).trimStart()
  }
  return lines
}

/** As many whole words of it as there is room for; behind a ; where that is far enough. */
function fitting(text: string, room: number): string {
  const characters = Array.from(text)
  if (characters.length <= room) return text
  const cut = characters.slice(0, room + 1).join("")
  const [clause, word] = [cut.lastIndexOf("; ") + 1, cut.lastIndexOf(" ")]
  const at = clause > room / 2 ? clause : word > room / 2 ? word : -1
  return at < 0 ? characters.slice(0, room).join("") : cut.slice(0, at)
}

function fieldText(path: string): string {
  return path === "" ? "" : `${path}: `
}
