// Where a text stops being JSON: the engine's own message says so only for some mistakes.

/** Index of the first token that cannot stand where it stands; the length of a text that ends too soon. */
export function brokenAt(text: string): number {
  const open: ("{" | "[")[] = []
  let expected: Expected = "value"
  let at = 0
  for (;;) {
    const token = tokenAt(text, at)
    if (token.kind === undefined) return token.start
    const next = follow(expected, token.kind, open)
    if (next === undefined) return token.start
    expected = next
    at = token.end
  }
}

type Expected = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end"
type TokenKind = "{" | "}" | "[" | "]" | "," | ":" | "string" | "scalar"

interface Token {
  readonly start: number
  readonly end: number
  /** undefined at the end, and where no token begins. */
  readonly kind: TokenKind | undefined
}

const TOKEN =
  /[{}[\],:]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const SPACE = /[ \t\n\r]*/y

function tokenAt(text: string, at: number): Token {
  SPACE.lastIndex = at
  SPACE.exec(text)
  const start = SPACE.lastIndex
  TOKEN.lastIndex = start
  const found = TOKEN.exec(text)?.[0]
  if (found === undefined) return { start, end: start, kind: undefined }
  const end = start + found.length
  return { start, end, kind: punctuation(found) ?? (found.startsWith('"') ? "string" : "scalar") }
}

function punctuation(text: string): TokenKind | undefined {
  return (["{", "}", "[", "]", ",", ":"] as const).find((each) => each === text)
}

/** What may come behind the token; undefined where the token itself may not come. */
function follow(expected: Expected, token: TokenKind, open: ("{" | "[")[]): Expected | undefined {
  switch (expected) {
    case "value":
    case "value or ]":
      if (token === "{" || token === "[") {
        open.push(token)
        return token === "{" ? "key or }" : "value or ]"
      }
      if (token === "string" || token === "scalar") return ", or end"
      return expected === "value or ]" && token === "]" ? close(open, "[") : undefined
    case "key":
    case "key or }":
      if (token === "string") return ":"
      return expected === "key or }" && token === "}" ? close(open, "{") : undefined
    case ":":
      return token === ":" ? "value" : undefined
    case ", or end": {
      const inside = open.at(-1)
      if (token === "," && inside !== undefined) return inside === "{" ? "key" : "value"
      if (token === "}") return close(open, "{")
      return token === "]" ? close(open, "[") : undefined
    }
  }
}

function close(open: ("{" | "[")[], bracket: "{" | "["): Expected | undefined {
  return open.pop() === bracket ? ", or end" : undefined
}
