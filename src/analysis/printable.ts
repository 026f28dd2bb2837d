// Text for a terminal or an HTTP header, whoever chose its characters.

/** Control characters, invisible formatting (bidirectional overrides among it), line ends and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, "\uFFFD")
}

export function charactersIn(text: string): number {
  return Array.from(text).length
}

/** At most so many characters; what is cut off is replaced by an ellipsis. */
export function shortenedTo(text: string, most: number): string {
  const characters = Array.from(text)
  return characters.length <= most ? text : `${characters.slice(0, Math.max(0, most - 1)).join("")}…`
}
