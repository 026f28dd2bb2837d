// What two rulesets have in common that do the same: a short name of the content, whatever the order it was written in.
//
// A controller renders a node's ruleset, an agent holds one that updates were applied to; where both have the same
// name nothing has to be sent. Rules keep their order, since it is content. It costs a walk through all elements (tens
// of milliseconds for 100,000), so it is computed when a stream begins, never for an update.

import { createHash } from "node:crypto"
import { stableText } from "nftables-json/expression"
import type { Ruleset, RulesetObject } from "nftables-json/schema"

/** Texts of objects, for whoever names many rulesets that share objects. */
export type DigestTexts = WeakMap<RulesetObject, string>

/** SHA-256, base64url. Handles do not count; an empty list of elements is none. */
export function rulesetDigest(ruleset: Ruleset, texts?: DigestTexts): string {
  const places = new Map<string, number>()
  const lines = ruleset.flatMap((object) => lineOf(object, places, texts)).sort()
  const hash = createHash("sha256")
  for (const line of lines) hash.update(`${line}\n`)
  return hash.digest("base64url")
}

/** `places`: how many rules each chain has had so far. */
function lineOf(
  object: RulesetObject,
  places: Map<string, number>,
  texts: DigestTexts | undefined,
): readonly string[] {
  if ("metainfo" in object) return []
  const text = texts?.get(object) ?? textOf(object)
  texts?.set(object, text)
  if (!("rule" in object)) return [text]
  const { rule } = object
  const chain = `${rule.family} ${rule.table} ${rule.chain}`
  const place = places.get(chain) ?? 0
  places.set(chain, place + 1)
  return [`rule ${place} ${text}`]
}

function textOf(object: RulesetObject): string {
  if ("rule" in object) {
    const { handle: _handle, index: _index, ...rule } = object.rule
    return stableText(rule)
  }
  if ("set" in object) return `set ${withElements(object.set)}`
  if ("map" in object) return `map ${withElements(object.map)}`
  return stableText(object)
}

function withElements(set: { readonly elem?: readonly unknown[]; readonly handle?: number }): string {
  const { elem = [], handle: _handle, ...definition } = set
  return `${stableText(definition)} ${elem.map(stableText).sort().join(" ")}`
}
