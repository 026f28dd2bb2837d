// A long YAML list of objects (kubectl get -o yaml), cut into its items.
//
// A parsed document takes about eighty bytes of memory for every byte of text, so that one list of 30 MiB would
// take 2.6 GB. In a block list every line that starts with the dash at the list's indentation starts an item:
// whatever is inside an item, text of block scalars included, is indented further (YAML 1.2.2, 8.2.1).

import type { Slice } from "./yaml-documents.ts"

export interface YamlList {
  /** The document without its items. */
  readonly frame: string
  readonly items: readonly Slice[]
}

/** Shorter documents are read whole. */
export const LONG = 256 * 1024

/** Undefined where the document is no list that can be cut: an anchor may be used in another item. */
export function yamlList(text: string, { start, end }: Slice): YamlList | undefined {
  const document = text.slice(start, end)
  const items = /^items:[ \t]*\r?\n([ ]*)-[ \t\r\n]/m.exec(document)
  if (items === null || /[:-][ \t]+&\S/.test(document)) return undefined
  const indentation = items[1]?.length ?? 0
  const firstAt = items.index + items[0].length - indentation - 2
  const endAt = endOfList(document, firstAt, indentation)
  const starts = itemStarts(document, { start: firstAt, end: endAt }, indentation)
  const slices = starts.map((at, i) => ({ start: start + at, end: start + (starts[i + 1] ?? endAt) }))
  return { frame: `${document.slice(0, items.index)}${document.slice(endAt)}`, items: slices }
}

/** The next line at the left margin that is neither an item nor a comment. */
function endOfList(document: string, from: number, indentation: number): number {
  const margin = indentation === 0 ? /\n(?=[^\s#-]|-[^ \t\r\n])/g : /\n(?=[^\s#])/g
  margin.lastIndex = from
  const found = margin.exec(document)
  return found === null ? document.length : found.index + 1
}

function itemStarts(document: string, { start, end }: Slice, indentation: number): readonly number[] {
  const dash = new RegExp(`(?:^|\\n)[ ]{${indentation}}-(?=[ \\t\\r\\n])`, "g")
  const starts: number[] = []
  dash.lastIndex = start === 0 ? 0 : start - 1
  for (let found = dash.exec(document); found !== null && found.index < end; found = dash.exec(document)) {
    starts.push(found.index + (found[0].startsWith("\n") ? 1 : 0))
  }
  return starts
}
