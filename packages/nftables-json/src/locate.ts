// Which command of a refused transaction was refused.
//
// In JSON mode nft 1.0.6 gives every refusal the position 0:0-0. The kernel judges a batch in order, and
// the verdict on a command depends on those before it only; so the shortest refused prefix ends in the
// first refused command. `nft -c` asks the kernel the same without applying anything. Printing the
// transaction as native syntax would give positions in one run, but a second grammar may read it
// otherwise: a name would be worth less than the runs that a bisection costs on this rare path.

import { type NftErrorCode, parsedIndexOf } from "./errors.ts"
import type { Transaction } from "./schema.ts"

export interface Refusal {
  readonly transaction: Transaction
  readonly text: string
  readonly code: NftErrorCode
}

/** Index of the first refused command; undefined where no single command is to blame, or it now passes. */
export async function firstRefused(
  refusal: Refusal,
  check: (prefix: Transaction) => Promise<string | undefined>,
): Promise<number | undefined> {
  const { transaction, code, text } = refusal
  const parsed = parsedIndexOf(text)
  if (parsed !== undefined) return parsed
  if (!concernsOneCommand(code)) return undefined
  if (transaction.length === 1) return 0
  // The kernel may have changed since: without a refusal now there is nothing to name.
  if ((await check(transaction)) === undefined) return undefined
  let passing = 0
  let refused = transaction.length
  while (refused - passing > 1) {
    const middle = (passing + refused) >> 1
    if ((await check(transaction.slice(0, middle))) === undefined) passing = middle
    else refused = middle
  }
  return refused - 1
}

function concernsOneCommand(code: NftErrorCode): boolean {
  switch (code) {
    case "too-large":
    case "permission":
    case "unavailable":
      return false
    case "not-found":
    case "exists":
    case "busy":
    case "full":
    case "overlap":
    case "syntax":
    case "unknown":
      return true
  }
}
