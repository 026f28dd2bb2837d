// A policy class as chains.
//
// Tiers follow each other in one chain, up to one that has a Pass run: behind it a new chain begins, so that
// Pass is a goto. Nothing is entered by jump whose accept is a return. Each chain has its rules twice: first
// by conntrack's tuple, then, for untracked packets alone, by the header; the tuple's rules do not match
// those, so only the first unconditional rule has to tell them apart.

import type { Verdict } from "nftables-json/schema"
import type { PolicyClass, Run, Stage } from "../program.ts"
import type { AddressFamily } from "../snapshot.ts"
import {
  acceptVerdict,
  type ChainRule,
  type ClassChain,
  type ClassPieces,
  createDraft,
  type Draft,
} from "./class-pieces.ts"
import { denyVerdict, labelOf, logStatements } from "./deny-chain.ts"
import { goto, isTracked, type Judge } from "./expressions.ts"
import type { RulesetOptions } from "./options.ts"
import { namedPortMatches, peerMatches } from "./peers.ts"
import { distinct, policiesOf } from "./policy-references.ts"
import { portRules, type RunPlace } from "./port-rules.ts"
import { memberKey } from "./sets.ts"

/**
 * Chains behind each other that one class may have. The kernel takes 16 levels, gotos counted (Linux 6.18,
 * NFT_JUMP_STACK_SIZE); around a class there are seven.
 */
export const MAXIMUM_SEGMENTS = 8

/** Undefined for a class that accepts everything: it needs no chain. */
export function classPieces(
  policyClass: PolicyClass,
  families: readonly AddressFamily[],
  options: RulesetOptions,
): ClassPieces | undefined {
  if (policyClass.stages.length === 0) return undefined
  const draft = createDraft(policyClass, families, options)
  const segments = segmentsOf(policyClass.stages)
  if (segments.length > MAXIMUM_SEGMENTS) {
    // Fails closed; explainNames says so.
    const verdict = denyVerdict(draft, { by: "limit", policies: policiesOf(policyClass) })
    return finished(draft, [[{ expr: [verdict] }]])
  }
  const next = (i: number) => (i + 1 < segments.length ? goto(chainName(draft, i + 1)) : undefined)
  return finished(
    draft,
    segments.map((stages, i) => segmentRules(draft, stages, next(i))),
  )
}

function chainName({ policyClass, hash }: Draft, segment: number): string {
  const word = policyClass.direction === "egress" ? "out" : "in"
  return `${word}_${hash}${segment === 0 ? "" : `_${segment + 1}`}`
}

function finished(draft: Draft, segments: readonly (readonly ChainRule[])[]): ClassPieces {
  const chains = segments.map((rules, i): ClassChain => {
    return { name: chainName(draft, i), rules, about: { kind: "class" } }
  })
  const named = chains.map((chain) => [chain.name, chain] as const)
  const { policyClass, maps, ranges, members, logs } = draft
  return {
    policyClass,
    entry: chainName(draft, 0),
    chains: new Map([...named, ...draft.chains]),
    maps,
    ranges,
    members,
    membersOf: Map.groupBy(members.values(), (set) => memberKey(set.kind, set.key)),
    logs,
  }
}

function segmentsOf(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const segments: Stage[][] = [[]]
  for (const [i, stage] of stages.entries()) {
    segments.at(-1)?.push(stage)
    const passes = stage.runs.some(({ action }) => action === "Pass")
    if (passes && i + 1 < stages.length) segments.push([])
  }
  return segments
}

/** Runs that some packets pass by, and what awaits those. */
interface Decision {
  readonly runs: readonly Placed[]
  readonly end: Verdict
}

type Placed = Omit<RunPlace, "end">

function segmentRules(
  draft: Draft,
  stages: readonly Stage[],
  next: Verdict | undefined,
): readonly ChainRule[] {
  const { runs, end } = decide(draft, stages, next)
  if (runs.length === 0) return [{ expr: [end] }]
  const place = (placed: Placed, i: number): RunPlace => {
    // Nor may a port chain lead on to the next chain: each would count two levels then.
    const isLast = i + 1 === runs.length && end !== next && placed.verdict !== next
    return { ...placed, end: isLast ? end : undefined }
  }
  const section = (judge: Judge) => runs.flatMap((placed, i) => runRules(draft, place(placed, i), judge))
  return [...section("tuple"), { expr: [isTracked, end] }, ...section("header"), { expr: [end] }]
}

/** Cut behind the first that is unconditional. */
function decide(draft: Draft, stages: readonly Stage[], next: Verdict | undefined): Decision {
  const runs: Placed[] = []
  for (const stage of stages) {
    for (const run of stage.runs) {
      const placed = placeRun(draft, run, next)
      if (run.everyPort?.kind === "any" && placed.verdict !== undefined) return { runs, end: placed.verdict }
      runs.push(placed)
    }
    if (stage.isolatedBy.length > 0) {
      return { runs, end: denyVerdict(draft, { by: "isolation", policies: stage.isolatedBy }) }
    }
  }
  return { runs, end: next ?? acceptVerdict(draft.policyClass) }
}

function placeRun(draft: Draft, run: Run, next: Verdict | undefined): Placed {
  const policies = run.origins.map(({ policy }) => policy)
  const accepted = acceptVerdict(draft.policyClass)
  const leaves = (verdict: Verdict): Placed => {
    const final = "goto" in verdict ? verdict : undefined
    return { run, outcome: [verdict], verdict, final, portMaps: new Map() }
  }
  switch (run.action) {
    case "Accept":
      return leaves(accepted)
    case "Deny": {
      const denied = leaves(denyVerdict(draft, { by: "rule", policies: distinct(policies) }))
      // Observed, a denial accepts as the class does: of egress by return, which no jump may stand before.
      return draft.policyClass.observed ? { ...denied, final: leaves(accepted).final } : denied
    }
    case "Pass":
      // Behind the last tier the answer is Accept. A goto within the class is not for good: no jump before it.
      return { ...leaves(next ?? accepted), final: next === undefined ? leaves(accepted).final : undefined }
    case "Log": {
      const label = labelOf(draft, draft.logs.size)
      draft.logs.set(label, distinct(policies))
      const outcome = logStatements(`log:${draft.policyClass.direction}:${label}`, draft.options.logGroup)
      return { run, outcome, verdict: undefined, final: undefined, portMaps: new Map() }
    }
  }
}

function runRules(draft: Draft, place: RunPlace, judge: Judge): readonly ChainRule[] {
  const { run, outcome } = place
  const use = { action: run.action, judge }
  if (run.everyPort?.kind === "any") {
    // A Log of everything: the only unconditional run that ends nothing.
    return [{ expr: judge === "tuple" ? [isTracked, ...outcome] : outcome }]
  }
  const matches = [
    ...(run.everyPort === null ? [] : peerMatches(draft, run.everyPort, use)),
    ...(run.named === null ? [] : namedPortMatches(draft, run.named, use)),
  ]
  return [...matches.map((each) => ({ expr: [...each, ...outcome] })), ...portRules(draft, place, judge)]
}
