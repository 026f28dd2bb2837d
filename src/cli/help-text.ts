// Help in the columns of a terminal: commander wraps options alone, not the text after them.

import { width } from "./text-layout.ts"

/** Only lines that do not fit are touched: paragraphs, and terms with what they mean. Examples stay as they are typed. */
export function fittedHelp(help: string, columns: number): string {
  return blocksOf(help.split("\n"))
    .flatMap((lines) => (lines.some((line) => width(line) > columns) ? fitted(lines, columns) : lines))
    .join("\n")
}

/** Lines that one sentence may run through. */
function blocksOf(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: string[][] = []
  let indent: number | undefined
  for (const line of lines) {
    const last = blocks.at(-1)
    if (last !== undefined && indent !== undefined && line.search(/\S/) === indent) last.push(line)
    else {
      blocks.push([line])
      indent = textStart(line)
    }
  }
  return blocks
}

/** The column in which a paragraph or the meaning of a term begins; nothing else goes on in the next line. */
function textStart(line: string): number | undefined {
  if (/^\S/.test(line)) return 0
  return /^ {2}\S+(?: \S+)* {2,}/.exec(line)?.[0].length
}

function fitted(lines: readonly string[], columns: number): readonly string[] {
  const [first = ""] = lines
  const start = textStart(first)
  if (start === undefined) return lines
  const words = lines
    .map((line) => line.slice(start))
    .join(" ")
    .split(" ")
  const done: string[] = []
  let line = first.slice(0, start)
  let isFresh = true
  for (const word of words) {
    if (!isFresh && width(line) + 1 + width(word) > columns) {
      done.push(line)
      line = " ".repeat(start)
      isFresh = true
    }
    line += isFresh ? word : ` ${word}`
    isFresh = false
  }
  return [...done, line]
}
