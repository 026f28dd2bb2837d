// XML 1.0, as much of it as reports for other programs need.

/** An element with its attributes, and either elements or text in it. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly content: readonly Element[] | string
}

export function xmlText(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${elementText(root, "")}`
}

function elementText({ name, attributes, content }: Element, indent: string): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${attributeText(String(value))}"`,
  )
  const start = `${indent}<${name}${written.join("")}`
  if (content.length === 0) return `${start}/>\n`
  if (typeof content === "string") return `${start}>${escaped(content)}</${name}>\n`
  const inner = content.map((each) => elementText(each, `${indent}  `)).join("")
  return `${start}>\n${inner}${indent}</${name}>\n`
}

/** A parser makes spaces of line ends and tabs in attributes, unless they are written as numbers. */
function attributeText(text: string): string {
  return escaped(text).replace(/[\n\t]/g, (character) => `&#${character.codePointAt(0)};`)
}

const entities = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
])

/** What XML 1.0 has no characters for (section 2.2), not even by number, is replaced. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/\r\n?/g, "\n")
    .replace(/[&<>"]/g, (character) => entities.get(character) ?? character)
}
