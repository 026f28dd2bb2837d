// Where a text stops being JSON. JSON.parse tells so for some mistakes only, and in words that change with V8.

export interface JsonMistake {
  readonly offset: number
  readonly why: string
}

type Expected = "value" | "key" | "colon" | "more" | "end" | "value-or-end" | "key-or-end"

const words = {
  value: "expected a value",
  key: "expected a field name in double quotes",
  colon: "expected a colon",
  more: "expected a comma or the end of the list or object",
  end: "there is text after the end",
  "value-or-end": "expected a value or ]",
  "key-or-end": "expected a field name in double quotes or }",
} as const satisfies Record<Expected, string>

// Sticky and without a repetition in a repetition: linear in the text.
const plain = /[ !#-[\]-\u{10ffff}]*/uy
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const space = /[ \t\r\n]*/y

/** The first mistake; undefined for JSON. */
export function jsonMistake(text: string): JsonMistake | undefined {
  const open: ("{" | "[")[] = []
  let expected: Expected = "value"
  let at = pastMatch(space, text, 0) ?? 0
  while (at < text.length) {
    const end = tokenEnd(text, at)
    const next: Expected | undefined = end === undefined ? undefined : after(expected, text[at] ?? "", open)
    if (end === undefined || next === undefined) return { offset: at, why: whyNot(expected, text, at) }
    expected = next
    at = pastMatch(space, text, end) ?? end
  }
  if (expected === "end") return undefined
  return {
    offset: text.length,
    why: text.trim() === "" ? "it is empty" : `it ends too early: ${words[expected]}`,
  }
}

function whyNot(expected: Expected, text: string, at: number): string {
  const broken = text[at] === '"' && tokenEnd(text, at) === undefined
  return broken ? "a string with an unknown escape, a line break, or no end" : words[expected]
}

function tokenEnd(text: string, at: number): number | undefined {
  const char = text[at] ?? ""
  if ("{}[],:".includes(char)) return at + 1
  return char === '"' ? stringEnd(text, at) : pastMatch(scalar, text, at)
}

/** Undefined for an unknown escape, a control character, or no end. */
function stringEnd(text: string, start: number): number | undefined {
  let at: number | undefined = start + 1
  while (at !== undefined) {
    at = pastMatch(plain, text, at) ?? at
    if (text[at] === '"') return at + 1
    at = pastMatch(escape, text, at)
  }
  return undefined
}

function pastMatch(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}

/** What may follow a token that starts with `char`; undefined where it may not stand here. */
function after(expected: Expected, char: string, open: ("{" | "[")[]): Expected | undefined {
  const opens = char === "{" || char === "["
  const isValue = opens || !"}],:".includes(char)
  switch (expected) {
    case "key":
    case "key-or-end":
      if (char === '"') return "colon"
      return expected === "key-or-end" && char === "}" ? closed(char, open) : undefined
    case "colon":
      return char === ":" ? "value" : undefined
    case "value":
    case "value-or-end":
      if (expected === "value-or-end" && char === "]") return closed(char, open)
      if (!isValue) return undefined
      if (!opens) return open.length === 0 ? "end" : "more"
      open.push(char)
      return char === "{" ? "key-or-end" : "value-or-end"
    case "more":
      if (char === ",") return open.at(-1) === "{" ? "key" : "value"
      return char === "}" || char === "]" ? closed(char, open) : undefined
    case "end":
      return undefined
  }
}

function closed(char: "}" | "]", open: ("{" | "[")[]): Expected | undefined {
  if (open.pop() !== (char === "}" ? "{" : "[")) return undefined
  return open.length === 0 ? "end" : "more"
}
