// Policies where a question looks for them: by namespace, and by the label that a near miss must have.

import type { Pod, PolicyObject } from "../../compile/snapshot.ts"
import type { JudgeOf } from "../judge.ts"
import { comparePlaces, likenessOf, RankedList, type RankedPolicy, rankedPolicy } from "../ranked-policy.ts"

export class LivePolicies {
  readonly #judgeOf: JudgeOf
  readonly #byName = new Map<string, RankedPolicy>()
  readonly #byNamespace = new Map<string, RankedList>()
  readonly #byLikeness = new Map<string, RankedList>()

  constructor(judgeOf: JudgeOf) {
    this.#judgeOf = judgeOf
  }

  set(policy: PolicyObject): void {
    const { kind, metadata } = policy
    this.delete(kind, metadata.namespace, metadata.name)
    const ranked = rankedPolicy(policy, this.#judgeOf)
    this.#byName.set(keyOf(kind, metadata.namespace, metadata.name), ranked)
    listIn(this.#byNamespace, metadata.namespace).add(ranked)
    const likeness = likenessKey(ranked)
    if (likeness !== null) listIn(this.#byLikeness, likeness).add(ranked)
  }

  delete(kind: string, namespace: string, name: string): void {
    const ranked = this.#byName.get(keyOf(kind, namespace, name))
    if (ranked === undefined) return
    this.#byName.delete(keyOf(kind, namespace, name))
    removeFrom(this.#byNamespace, namespace, ranked)
    const likeness = likenessKey(ranked)
    if (likeness !== null) removeFrom(this.#byLikeness, likeness, ranked)
  }

  all(): readonly PolicyObject[] {
    return [...this.#byName.values()].sort(comparePlaces).map(({ policy }) => policy)
  }

  for(namespace: string): readonly RankedPolicy[] {
    const own = this.#byNamespace.get(namespace)?.all ?? []
    const everywhere = this.#byNamespace.get("")?.all ?? []
    if (everywhere.length === 0 || namespace === "") return own
    return own.length === 0 ? everywhere : [...own, ...everywhere].sort(comparePlaces)
  }

  *elsewhere({ namespace, labels }: Pod): Iterable<RankedPolicy> {
    const keys = [ANY, ...Object.entries(labels).map(([key, value]) => labelKey(key, value))]
    const lists = keys.flatMap((key) => this.#byLikeness.get(key) ?? []).map(({ all }) => all)
    for (const ranked of merged(lists)) {
      if (ranked.policy.metadata.namespace !== namespace) yield ranked
    }
  }
}

const ANY = ""

/** Null where there is nothing to say of pods elsewhere. */
function likenessKey(ranked: RankedPolicy): string | null {
  if (ranked.policy.metadata.namespace === "") return null
  const likeness = likenessOf(ranked)
  switch (likeness.kind) {
    case "none":
      return null
    case "any":
      return ANY
    case "label":
      return labelKey(likeness.key, likeness.value)
  }
}

/** One after the other in order, and no further than somebody asks: there may be thousands. */
function* merged(lists: readonly (readonly RankedPolicy[])[]): Iterable<RankedPolicy> {
  const next = lists.map(() => 0)
  for (;;) {
    let best: { readonly list: number; readonly ranked: RankedPolicy } | undefined
    for (const [list, sorted] of lists.entries()) {
      const ranked = sorted[next[list] ?? 0]
      if (ranked === undefined) continue
      if (best === undefined || comparePlaces(ranked, best.ranked) < 0) best = { list, ranked }
    }
    if (best === undefined) return
    next[best.list] = (next[best.list] ?? 0) + 1
    yield best.ranked
  }
}

function listIn(lists: Map<string, RankedList>, key: string): RankedList {
  const known = lists.get(key)
  if (known !== undefined) return known
  const list = new RankedList()
  lists.set(key, list)
  return list
}

function removeFrom(lists: Map<string, RankedList>, key: string, ranked: RankedPolicy): void {
  const list = lists.get(key)
  list?.remove(ranked)
  if (list?.all.length === 0) lists.delete(key)
}

/** No label has a newline in it, and no name. */
function labelKey(key: string, value: string): string {
  return `${key}\n${value}`
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}\n${namespace}\n${name}`
}
