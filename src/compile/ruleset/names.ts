// Names of content-addressed objects, and texts within nft's limits.
//
// nft 1.0.6 and the kernel take names and comments of at most 128 bytes (NFT_NAME_MAXLEN,
// NFTNL_UDATA_COMMENT_MAXLEN) and log prefixes of at most 127 (NF_LOG_PREFIXLEN).

import { sha256 } from "@noble/hashes/sha2.js"
import { utf8ToBytes } from "@noble/hashes/utils.js"

/** The first 24 characters of the lower-case base-32 SHA-256 of the text: 120 bits. */
export function contentHash(text: string): string {
  const digest = sha256(utf8ToBytes(text))
  let name = ""
  let bits = 0
  let pending = 0
  for (const byte of digest.subarray(0, HASH_BYTES)) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      name += ALPHABET[(pending >>> bits) & 31]
    }
    pending &= (1 << bits) - 1
  }
  return name
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
const HASH_BYTES = 15

/** The text where it fits, else its beginning, an ellipsis and a hash of the whole. */
export function shortened(text: string, maximumBytes: number): string {
  if (text.length * 3 <= maximumBytes) return text
  let bytes = 0
  let kept = 0
  for (const character of text) {
    bytes += utf8Length(character)
    if (bytes > maximumBytes) return `${text.slice(0, kept)}... #${contentHash(text).slice(0, 8)}`
    if (bytes <= maximumBytes - REST_BYTES) kept += character.length
  }
  return text
}

const REST_BYTES = "... #12345678".length

/** A lone surrogate is encoded as U+FFFD, three bytes. */
function utf8Length(character: string): number {
  const code = character.codePointAt(0) ?? 0
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

export const COMMENT_BYTES = 128
export const LOG_PREFIX_BYTES = 127
