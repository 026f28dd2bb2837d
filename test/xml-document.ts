// A strict reader of XML without namespaces, entities of its own or CDATA: what it cannot read is not well-formed.

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

const NAME = "[A-Za-z_][A-Za-z0-9_.-]*"
const ILLEGAL = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

export function readXml(source: string): XmlElement {
  if (ILLEGAL.test(source)) throw new Error("a character that XML 1.0 does not have")
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!source.startsWith(declaration)) throw new Error("no XML declaration")
  const reader = { source, at: declaration.length }
  const element = readElement(reader)
  if (reader.source.slice(reader.at).trim() !== "") throw new Error("something follows the root element")
  return element
}

interface Reader {
  readonly source: string
  at: number
}

function take(reader: Reader, pattern: string): RegExpExecArray {
  const expression = new RegExp(pattern, "uy")
  expression.lastIndex = reader.at
  const found = expression.exec(reader.source)
  if (found === null) throw new Error(`not as expected: ${reader.source.slice(reader.at, reader.at + 60)}`)
  reader.at = expression.lastIndex
  return found
}

function readElement(reader: Reader): XmlElement {
  const [, name = "", written = "", empty = ""] = take(
    reader,
    `<(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`,
  )
  const pairs = Array.from(written.matchAll(new RegExp(`(${NAME})="([^"]*)"`, "gu")))
  const names = pairs.map(([, key]) => key)
  if (new Set(names).size < names.length) throw new Error(`${name} has an attribute twice`)
  const attributes = Object.fromEntries(
    // Section 3.3.3: white space that is not written as a number becomes a space.
    pairs.map(([, key = "", value = ""]) => [key, unescaped(value.replace(/[\t\n\r]/g, " "))]),
  )
  if (empty !== "") return { name, attributes, children: [], text: "" }
  const children: XmlElement[] = []
  let text = ""
  for (;;) {
    text += unescaped(take(reader, "[^<]*")[0])
    if (reader.source.startsWith("</", reader.at)) break
    children.push(readElement(reader))
  }
  take(reader, `</${name}\\s*>`)
  return { name, attributes, children, text: children.length > 0 ? text.trim() : text }
}

const entities = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
])

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const known = /^#\d+$/.test(name) ? String.fromCodePoint(Number(name.slice(1))) : entities.get(name)
    if (known === undefined || !whole.endsWith(";")) throw new Error(`${whole} is no reference`)
    return known
  })
}
