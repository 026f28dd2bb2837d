// Text in SVG and HTML. Names come from files, which may hold anything that a reader lets through.

import { printable } from "../../analysis/printable.ts"

const entities = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
])

/** For content and for quoted attributes. What neither XML 1.0 nor a reader's eye has a character for is replaced. */
export function markup(text: string): string {
  return printable(text)
    .replace(/[\uFFFE\uFFFF]/g, "\uFFFD")
    .replace(/[&<>"']/g, (character) => entities.get(character) ?? character)
}

/** JSON inside of a script element: nothing in it can end the element or begin a comment. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  )
}
