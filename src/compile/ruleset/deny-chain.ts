// Where a class denies: counted, named for people, logged at a bounded rate, dropped. The denials of an observed class
// are counted and logged, and then accepted: nothing of theirs is marked, so that nothing ends their flows.

import type { Statement, Verdict } from "nftables-json/schema"
import type { PolicyReference } from "../policy-ir.ts"
import { acceptVerdict, type ChainRule, type Denial, type Draft } from "./class-pieces.ts"
import { conntrack, drop, goto, isEstablished, match, meta } from "./expressions.ts"
import { COMMENT_BYTES, shortened } from "./names.ts"

/** The verdict that leads to the chain, which is added to the draft. */
export function denyVerdict(draft: Draft, denial: Denial): Verdict {
  const denials = [...draft.chains.values()].filter(({ about }) => about.kind === "deny").length
  const label = labelOf(draft, denials)
  const name = `deny_${label}`
  draft.chains.set(name, {
    name,
    about: { kind: "deny", policies: denial.policies, by: denial.by },
    rules: [
      { comment: shortened(denialWords(denial), COMMENT_BYTES), expr: [{ counter: null }] },
      ...(draft.policyClass.observed ? observed(draft, label) : enforced(draft, label)),
    ],
  })
  return goto(name)
}

function enforced({ policyClass, options }: Draft, label: string): readonly ChainRule[] {
  const { mask, establishedRecheck, logGroup } = options
  // A live UDP flow that is denied now is marked so that the agent deletes its entry: then a direction that is
  // still allowed can start anew with the same ports.
  const marked = {
    comment: "denied",
    expr: [isEstablished, match(meta("l4proto"), "udp"), setMark(mask, mask)],
  }
  return [
    ...(establishedRecheck ? [marked] : []),
    { expr: logStatements(`deny:${policyClass.direction}:${label}`, logGroup) },
    { expr: [drop] },
  ]
}

function observed({ policyClass, options }: Draft, label: string): readonly ChainRule[] {
  return [
    { expr: logStatements(`observe:${policyClass.direction}:${label}`, options.logGroup) },
    { expr: [acceptVerdict(policyClass)] },
  ]
}

/** The class's hash, and from the second place on a number: what `deny_` and log prefixes end in. */
export function labelOf({ hash }: Draft, places: number): string {
  return places === 0 ? hash : `${hash}_${places + 1}`
}

/** At most ten a second: what is logged must not cost more than what is dropped. */
export function logStatements(subject: string, group: number): readonly Statement[] {
  return [{ limit: { rate: 10, burst: 5, per: "second" } }, { log: { prefix: `postern:${subject}`, group } }]
}

/** The bits of the mask set to `value`, in one bitwise operation of the kernel. */
export function setMark(mask: number, value: number): Statement {
  const mark = conntrack("mark")
  return { mangle: { key: mark, value: { "|": [{ "&": [mark, ~mask >>> 0] }, value] } } }
}

function denialWords({ by, policies }: Denial): string {
  const names = policies.map(policyWords).join(", ")
  switch (by) {
    case "rule":
      return `denied by ${names}`
    case "isolation":
      return `isolated by ${names}`
    case "limit":
      return `too many tiers with Pass: ${names}`
  }
}

function policyWords({ kind, namespace, name }: PolicyReference): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}
