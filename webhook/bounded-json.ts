// JSON of a request, within a bound of depth: what walks it afterwards may be recursive.

/** The API server's own objects stay far below it. */
const MOST_DEPTH = 200

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly mistake: string }

/** Of equal keys the last one counts, as for the API server; `__proto__` is a key like any other. */
export function parseBoundedJson(body: Buffer): ParsedJson {
  if (isTooDeep(body)) return { ok: false, mistake: `the body is nested more than ${MOST_DEPTH} levels deep` }
  try {
    return { ok: true, value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) }
  } catch {
    return { ok: false, mistake: "the body is no JSON" }
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_RECORD = 0x7b
const CLOSE_RECORD = 0x7d

/** None of these bytes is part of another character in UTF-8. */
function isTooDeep(body: Buffer): boolean {
  let depth = 0
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (byte === QUOTE) i = endOfString(body, i)
    else if (byte === OPEN_LIST || byte === OPEN_RECORD) {
      if (++depth > MOST_DEPTH) return true
    } else if (byte === CLOSE_LIST || byte === CLOSE_RECORD) depth--
  }
  return false
}

function endOfString(body: Buffer, start: number): number {
  let end = body.indexOf(QUOTE, start + 1)
  while (end > 0 && isEscaped(body, end)) end = body.indexOf(QUOTE, end + 1)
  return end < 0 ? body.length : end
}

function isEscaped(body: Buffer, at: number): boolean {
  let backslashes = 0
  while (body[at - 1 - backslashes] === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}
