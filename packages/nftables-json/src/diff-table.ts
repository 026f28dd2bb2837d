// The change of one table.
//
// A part whose definition differs is deleted and added under the same name, in the flip. Rules and
// elements that refer to it cannot stay meanwhile: it is "stale", and they are written again.

import { addElements, deleteElements, diffElements, writtenElements } from "./diff-elements.ts"
import { diffRules } from "./diff-rules.ts"
import type { Plan } from "./plan.ts"
import { type ObjectKey, referencesOf } from "./references.ts"
import { type Removable, removalOrder } from "./removal-order.ts"
import type { TableIndex } from "./ruleset-index.ts"
import type { Command, Rule } from "./schema.ts"
import { addPart, deletePart, flushPart, type Part, partReferences, partsOf } from "./table-part.ts"

export function diffTable(current: TableIndex | undefined, desired: TableIndex): Plan {
  const context = compare(current, desired)
  const { gone, come, stale } = context
  const base = (part: Part) => part.kind === "chain" && part.isBase
  const ready = come.filter((part) => !base(part) && !refersTo(part, stale))
  const held = come.filter((part) => !base(part) && refersTo(part, stale))
  const changed = contentChanges(context)
  const replaced = [...context.before.values()].filter((part) => stale.has(part.key))
  const replacing = [...context.after.values()].filter((part) => stale.has(part.key))
  const { handle: _handle, ...table } = desired.table
  return {
    add: [
      ...(current === undefined ? [{ add: { table } }] : []),
      ...additions([...ready, ...held]),
      ...contents(ready),
    ],
    flip: [
      ...changed.deletions,
      ...gone.filter((part) => refersTo(part, stale)).flatMap(flushPart),
      ...deletions([...replaced, ...gone.filter(base)]),
      ...additions([...replacing, ...come.filter(base)]),
      ...policies(context),
      ...contents([...replacing, ...held].filter(isSet)),
      ...changed.elements,
      ...contents([...replacing, ...held, ...come.filter(base)].filter((part) => !isSet(part))),
      ...changed.rules,
    ],
    remove: deletions(gone.filter((part) => !base(part))),
  }
}

interface Context {
  readonly before: ReadonlyMap<ObjectKey, Part>
  readonly after: ReadonlyMap<ObjectKey, Part>
  readonly gone: readonly Part[]
  readonly come: readonly Part[]
  readonly stale: ReadonlySet<ObjectKey>
}

function compare(current: TableIndex | undefined, desired: TableIndex): Context {
  const before = current === undefined ? new Map<ObjectKey, Part>() : partsOf(current)
  const after = partsOf(desired)
  const differs = (part: Part) => {
    const other = before.get(part.key)
    return other !== undefined && other.definition !== part.definition
  }
  return {
    before,
    after,
    gone: [...before.values()].filter((part) => !after.has(part.key)),
    come: [...after.values()].filter((part) => !before.has(part.key)),
    stale: new Set([...after.values()].filter(differs).map((part) => part.key)),
  }
}

function refersTo(part: Part, keys: ReadonlySet<ObjectKey>): boolean {
  return keys.size > 0 && partReferences(part).some((key) => keys.has(key))
}

function isSet(part: Part): boolean {
  return part.kind === "set"
}

/**
 * Chains first: nft 1.0.6 sends the elements of a new interval map together with the map, before a
 * chain that is added between the two ("No such file or directory").
 */
function additions(parts: readonly Part[]): readonly Command[] {
  return [...parts.filter((part) => !isSet(part)), ...parts.filter(isSet)].map(addPart)
}

/** Elements first: a rule may look something up in a set, but never the other way round. */
function contents(parts: readonly Part[]): readonly Command[] {
  const elements = parts.flatMap((part) =>
    part.kind === "set" ? addElements(part.set, writtenElements(part.set)) : [],
  )
  const rules = parts.flatMap((part) => (part.kind === "chain" ? part.chain.rules.map(addRule) : []))
  return [...elements, ...rules]
}

function addRule({ handle: _handle, index: _index, ...rule }: Rule): Command {
  return { add: { rule } }
}

interface ContentChanges {
  readonly deletions: readonly Command[]
  readonly elements: readonly Command[]
  readonly rules: readonly Command[]
}

/** Elements and rules of what stays. */
function contentChanges({ before, after, stale }: Context): ContentChanges {
  const changes: { readonly [K in keyof ContentChanges]: Command[] } = {
    deletions: [],
    elements: [],
    rules: [],
  }
  for (const part of after.values()) {
    const old = stale.has(part.key) ? undefined : before.get(part.key)
    if (old?.kind === "set" && part.kind === "set") {
      const { deletions, additions } = diffElements(old.set, part.set, stale)
      changes.deletions.push(...deleteElements(old.set, deletions))
      changes.elements.push(...addElements(part.set, additions))
    }
    if (old?.kind === "chain" && part.kind === "chain") {
      const isStale = (rule: Rule) => stale.size > 0 && referencesOf(rule.expr).some((key) => stale.has(key))
      const [current, desired] = [old.chain.rules, part.chain.rules]
      const rules = { chain: part.chain.chain, current, desired, isStale, canReplace: stale.size === 0 }
      const { deletions, additions } = diffRules(rules)
      changes.deletions.push(...deletions)
      changes.rules.push(...additions)
    }
  }
  return changes
}

/** The one thing that can change in a base chain that exists. */
function policies({ before, after, stale }: Context): readonly Command[] {
  return [...after.values()].flatMap((part) => {
    const old = before.get(part.key)
    if (part.kind !== "chain" || !part.isBase || old?.kind !== "chain" || stale.has(part.key)) return []
    const isSame = (old.chain.chain.policy ?? "accept") === (part.chain.chain.policy ?? "accept")
    return isSame ? [] : [addPart(part)]
  })
}

function deletions(parts: readonly Part[]): readonly Command[] {
  const removables = parts.map((part): Removable & { readonly part: Part } => {
    return { key: part.key, references: partReferences(part), part }
  })
  const { ordered, looped } = removalOrder(removables)
  return [...looped.flatMap(({ part }) => flushPart(part)), ...ordered.map(({ part }) => deletePart(part))]
}
