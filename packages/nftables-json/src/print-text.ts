// Pieces of nft's native syntax that statements and objects share.

/** nft has no escapes inside quotes; a quote or a line break in a comment cannot be written. */
export function quoted(text: string): string {
  return `"${text.replace(/["\n]/g, "'")}"`
}

/** nft reads and prints durations by their units. */
export function seconds(duration: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ]
  let rest = duration
  let text = ""
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text === "" ? "0s" : text
}

/** "name value" of those fields that are there. */
export function printFields(object: unknown, fields: readonly string[]): string {
  return fields
    .map((field) => [field, textOf(object, field)] as const)
    .filter(([, value]) => value !== "")
    .map(([field, value]) => `${field} ${value}`)
    .join(" ")
}

/** A string or number of an object that the types leave open; "" where there is none. */
export function textOf(object: unknown, field: string): string {
  const value = valueOf(object, field)
  return typeof value === "string" || typeof value === "number" ? String(value) : ""
}

export function valueOf(object: unknown, field: string): unknown {
  return typeof object === "object" && object !== null ? Reflect.get(object, field) : undefined
}

/** A list of strings, or one string for a list of one. */
export function listOf(object: unknown, field: string): readonly string[] {
  const value = valueOf(object, field)
  if (typeof value === "string") return [value]
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : []
}

/** Items in lines of at most `width` columns, the first line beginning behind `head`. */
export function wrap(head: string, items: readonly string[], width: number): readonly string[] {
  const indent = " ".repeat(head.length)
  const lines: string[] = []
  let line = head
  for (const [i, item] of items.entries()) {
    const text = i === items.length - 1 ? item : `${item},`
    const isFirst = line === head || line === indent
    if (!isFirst && line.length + 1 + text.length > width) {
      lines.push(line)
      line = indent + text
    } else line = isFirst ? line + text : `${line} ${text}`
  }
  return [...lines, line]
}
