// A transaction as the one line of ASCII that every version of nft reads.

import type { Command } from "./schema.ts"

/**
 * ASCII only: `nft -i` (1.0.6, libedit) drops other bytes without a word. One line: an interactive nft
 * takes the end of a line as the end of the transaction; JSON escapes every line break.
 */
export function encode(commands: readonly (Command | ListCommand)[]): string {
  return JSON.stringify({ nftables: commands }).replace(NOT_ASCII, escape)
}

/** `list` is no part of a transaction, but the same wire form. Sent as JSON, a name cannot become syntax. */
export interface ListCommand {
  readonly list: { readonly [object: string]: unknown }
}

const NOT_ASCII = /[\u007f-\uffff]/g

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}
