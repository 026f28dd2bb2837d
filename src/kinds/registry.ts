// The kinds of policy that there are.

import type { Lower } from "../compile/policy-ir.ts"
import type { PolicyObject } from "../compile/snapshot.ts"
import type { JudgeOf } from "../explain/judge.ts"
import type { PolicyKind } from "./kind.ts"
import { networkPolicyKind } from "./networkpolicy/kind.ts"
import type { Outline } from "./policy-outline.ts"

export const policyKinds: readonly PolicyKind[] = [networkPolicyKind]

/** The kind of an object, or undefined where it is no policy. */
export function policyKindOf(object: Pick<PolicyObject, "apiVersion" | "kind">): PolicyKind | undefined {
  return policyKinds.find((each) => each.kind === object.kind && each.apiVersion === object.apiVersion)
}

/** Lowers a policy of any registered kind. Throws for any other: readers let none of those pass. */
export const lower: Lower = (policy) => registered(policy).lower(policy)

/** The judge of a policy's kind. Throws for a kind that is not registered. */
export const judgeOf: JudgeOf = (policy) => registered(policy).judge

/** Where a policy of any registered kind writes what. Throws for any other. */
export const outline: Outline = (policy, ir) => registered(policy).outline(policy, ir)

function registered(policy: PolicyObject): PolicyKind {
  const kind = policyKindOf(policy)
  if (kind === undefined)
    throw new Error(`${policy.apiVersion} ${policy.kind} is no registered kind of policy`)
  return kind
}
