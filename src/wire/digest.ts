// What two rulesets have in common that do the same: a short name of the content, whatever the order it was written in.
//
// A controller renders a node's ruleset, an agent holds one that updates were applied to; where both have the same
// name nothing has to be sent. Rules keep their order, since it is content. It costs a walk through all elements (tens
// of milliseconds for 100,000), so it is computed when a stream begins, never for an update.

import { createHash, hash } from "node:crypto"
import { stableText } from "nftables-json/expression"
import type { Ruleset, RulesetObject } from "nftables-json/schema"

/** Digests of objects, for whoever names many rulesets that share objects. */
export type ObjectDigests = WeakMap<RulesetObject, string>

/** SHA-256 of the objects' own, base64url. Handles do not count; an empty list of elements is none. */
export function rulesetDigest(ruleset: Ruleset, digests?: ObjectDigests): string {
  const places = new Map<string, number>()
  const lines = ruleset.flatMap((object) => lineOf(object, places, digests)).sort()
  return createHash("sha256").update(lines.join("\n")).digest("base64url")
}

/** `places`: how many rules each chain has had so far. */
function lineOf(
  object: RulesetObject,
  places: Map<string, number>,
  digests: ObjectDigests | undefined,
): readonly string[] {
  if ("metainfo" in object) return []
  const digest = digests?.get(object) ?? hash("sha256", textOf(object), "base64url")
  digests?.set(object, digest)
  if (!("rule" in object)) return [digest]
  const { rule } = object
  const chain = `${rule.family} ${rule.table} ${rule.chain}`
  const place = places.get(chain) ?? 0
  places.set(chain, place + 1)
  return [`${digest} ${place}`]
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
