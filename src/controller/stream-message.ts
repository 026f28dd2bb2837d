// Lines of a stream. What all nodes get is encoded once; only the numbers of a node's stream are put before it.

import type { Ruleset, RulesetObject } from "nftables-json/schema"
import type { ControllerMessage } from "../wire/messages.ts"
import type { Binding, NodeUpdate, Owners } from "../wire/node-ruleset.ts"

/** The part of an update that does not depend on the stream it goes to: the text after the opening brace. */
export type UpdateBody = string & { readonly __body?: never }

export type UpdateContent = Omit<NodeUpdate, "from" | "revision">

export function encodeUpdateBody(content: UpdateContent, asOf: string): UpdateBody {
  return JSON.stringify({ asOf, ...content }).slice(1)
}

export function encodeUpdate(body: UpdateBody, from: number, revision: number): string {
  return `{"kind":"update","from":${from},"revision":${revision},${body}\n`
}

/** What a stream begins with, beside the ruleset itself. */
export interface RulesetContent {
  readonly revision: number
  readonly digest: string
  readonly asOf: string
  readonly forget: readonly string[]
  readonly bindings: readonly Binding[]
  readonly owners: Owners
}

/** `texts`: of objects that were encoded before; nodes share most of theirs. */
export function encodeRuleset(
  content: RulesetContent,
  { ruleset, texts }: { readonly ruleset: Ruleset; readonly texts: WeakMap<RulesetObject, string> },
): string {
  const objects = ruleset.map((object) => {
    const text = texts.get(object) ?? JSON.stringify(object)
    texts.set(object, text)
    return text
  })
  return `{"kind":"ruleset","ruleset":[${objects.join()}],${JSON.stringify(content).slice(1)}\n`
}

export function encodeUnchanged({ digest: _digest, ...rest }: RulesetContent): string {
  return encodeMessage({ kind: "unchanged", ...rest })
}

export function encodeMessage(message: ControllerMessage): string {
  return `${JSON.stringify(message)}\n`
}
