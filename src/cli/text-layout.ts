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

/** The same for text with colours, which end where it is cut. */
export function cutStyled(text: string, columns: number): string {
  if (width(text) <= columns) return text
  // Odd pieces are escape sequences, even ones are text.
  const pieces = text.split(new RegExp(`(${escapeCharacter}\\[[0-9;]*m)`))
  let left = columns - 1
  const kept = pieces.map((piece, index) => {
    if (index % 2 === 1) return piece
    const some = Array.from(piece).slice(0, Math.max(0, left))
    left -= some.length
    return some.join("")
  })
  return `${kept.join("")}…`
}

const escapeCharacter = "\u001b"

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`
}

export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
