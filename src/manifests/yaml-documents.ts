// The documents of a YAML stream, as ranges of its text.
//
// A line that starts with --- or ... is always a marker, in quoted and block scalars too (YAML 1.2.2, 9.1.2),
// so a stream is cut before it is parsed, and one document at a time is in memory.

export interface Slice {
  readonly start: number
  readonly end: number
  /** The part is an item of a list that was cut, and stands for a list of this item alone. */
  readonly item?: true
}

export function yamlDocuments(text: string): readonly Slice[] {
  const slices: Slice[] = []
  let start = 0
  for (const marker of text.matchAll(/(?:^|\n)(---|\.\.\.)(?=[ \t\r\n]|$)/g)) {
    const at = marker.index + marker[0].length - 3
    slices.push({ start, end: at })
    // A document's start belongs to it, since content may follow on the same line; an end mark to nobody.
    start = marker[1] === "---" ? at : at + 3
  }
  slices.push({ start, end: text.length })
  return slices.filter((slice) => hasContent(text.slice(slice.start, slice.end)))
}

/** Anything but comments, directives and a bare start mark. */
function hasContent(document: string): boolean {
  return /^(?!%)[^\S\n]*[^\s#]/m.test(document.replace(/^---(?=\s|$)/, ""))
}
