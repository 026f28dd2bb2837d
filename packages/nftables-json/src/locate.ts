// Which command of a refused transaction was refused.
//
// In JSON mode nft 1.0.6 gives every refusal the position 0:0-0. The kernel judges a batch in order, and
// the verdict on a command depends on those before it only; so the shortest refused prefix ends in the
// first refused command. `nft -c` asks the kernel the same without applying anything. Printing the
// transaction as native syntax would give positions in one run, but a second grammar may read it
// otherwise: a name would be worth less than the runs that a bisection costs on this rare path.

import { codeOf, type NftErrorCode, parsedIndexOf } from "./errors.ts"
import type { Command, Transaction } from "./schema.ts"

export interface Refusal {
  readonly transaction: Transaction
  /** What nft printed. */
  readonly text: string
  /** Commands that stood before the transaction and are none of the caller's. */
  readonly preceding: number
}

export interface Located {
  readonly index: number | undefined
  /** What nft says about the command found, where that says more. */
  readonly text: string
}

/** What nft says about commands, without applying them; undefined when it takes them. */
export type Check = (commands: Transaction) => Promise<string | undefined>

/** The first refused command; no index where no single command is to blame, or all of them pass by now. */
export async function firstRefused(refusal: Refusal, check: Check): Promise<Located> {
  const { transaction, text, preceding } = refusal
  const parsed = parsedIndexOf(text)
  if (parsed !== undefined) return { index: parsed - preceding, text }
  if (!concernsOneCommand(codeOf(text), text)) return { index: undefined, text }
  const index = transaction.length === 1 ? 0 : await bisect(transaction, check)
  if (index === undefined || !OVERFLOWN.test(text)) return { index, text }
  return { index, text: await narrow(transaction.slice(0, index + 1), { text, check }) }
}

/** The kernel may have changed since the refusal: where all commands pass now there is nothing to name. */
async function bisect(transaction: Transaction, check: Check): Promise<number | undefined> {
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

/**
 * Each refused message comes back whole beside its error. Several long ones overflow nft's socket buffer,
 * which is all it then reports. Fewer elements of the refused command let the reason through.
 */
async function narrow(
  prefix: Transaction,
  { text, check }: { readonly text: string; readonly check: Check },
): Promise<string> {
  const last = prefix.at(-1)
  const halves = last === undefined ? [] : halved(last)
  for (const half of halves) {
    const commands = [...prefix.slice(0, -1), half]
    const answer = await check(commands)
    if (answer === undefined) continue
    return OVERFLOWN.test(answer) ? narrow(commands, { text, check }) : answer
  }
  return text
}

const OVERFLOWN = /No buffer space available/

/** The command with each half of its elements; nothing for commands that cannot be divided. */
function halved(command: Command): readonly Command[] {
  const [verb, object] = Object.entries(command)[0] ?? []
  if ((verb !== "add" && verb !== "create" && verb !== "delete") || !hasElements(object)) return []
  const { element } = object
  const middle = element.elem.length >> 1
  if (middle === 0) return []
  const half = (elem: typeof element.elem): Command => {
    const part = { element: { ...element, elem } }
    if (verb === "add") return { add: part }
    return verb === "create" ? { create: part } : { delete: part }
  }
  return [half(element.elem.slice(0, middle)), half(element.elem.slice(middle))]
}

type ElementObject = Extract<
  Extract<Command, { readonly add: unknown }>["add"],
  { readonly element: unknown }
>

function hasElements(object: object | undefined): object is ElementObject {
  return object !== undefined && "element" in object
}

function concernsOneCommand(code: NftErrorCode, text: string): boolean {
  switch (code) {
    case "too-large":
      return OVERFLOWN.test(text)
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
