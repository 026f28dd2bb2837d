// What is wrong with a policy, and what is odd, by itself: in so few words that they can be sent from a thread to another.

import { type Diagnostic, fieldPathText } from "../../src/api/diagnostic.ts"
import type { PolicyObject } from "../../src/compile/snapshot.ts"
import { policyKindOf } from "../../src/kinds/registry.ts"
import { type Finding, mistakesText } from "./finding-text.ts"

export interface Checked {
  /** Why it is refused; "" where nothing is wrong with it. */
  readonly mistakes: string
  readonly findings: readonly Finding[]
}

/** More than a screen has room for by far: an answer says that there are more. */
const MOST_FINDINGS = 2000

export function checkPolicy(policy: PolicyObject): Checked {
  const told = policyKindOf(policy)?.check(policy, "api") ?? []
  const mistakes = told.filter(({ severity }) => severity === "error")
  return mistakes.length > 0
    ? { mistakes: mistakesText(mistakes), findings: [] }
    : { mistakes: "", findings: told.slice(0, MOST_FINDINGS).map(findingOf) }
}

export function findingOf({ code, message, path = [] }: Diagnostic): Finding {
  return { code, message, path: fieldPathText(path) }
}
