// Text measured and fitted in terminal columns.

import { stripVTControlCharacters } from "node:util"

/** Columns that text takes; every character used here is one column wide. */
export function width(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length
}

export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)))
}

export function centred(text: string, columns: number): string {
  const left = Math.floor(Math.max(0, columns - width(text)) / 2)
  return padded(" ".repeat(left) + text, columns)
}

/** At most so many columns; what is cut is replaced by an ellipsis. Only for text without colours. */
export function cut(text: string, columns: number): string {
  const characters = Array.from(text)
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join("")}…`
}

/** Lines of at most so many columns, broken at spaces; those that follow stand two columns further in. */
export function wrapped(text: string, columns: number): readonly string[] {
  const indent = " ".repeat(text.length - text.trimStart().length)
  const lines: string[] = []
  let line = indent
  for (const word of text.trimStart().split(" ")) {
    const isFirst = line.trim() === ""
    if (!isFirst && width(line) + 1 + width(word) > columns) {
      lines.push(line)
      line = `${indent}  ${word}`
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line]
}

/** The same text, with the lines that are too long broken. */
export function folded(text: string, columns: number): string {
  const lines = text.split("\n")
  return lines.flatMap((line) => (width(line) <= columns ? [line] : wrapped(line, columns))).join("\n")
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`
}

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
