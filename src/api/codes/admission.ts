// Codes of the admission webhook: why a change is refused that is valid.

import type { CodeTable } from "./table.ts"

export const admissionCodes = {
  breaksAssertion: {
    code: "PNP0501",
    severity: "error",
    title: "Change that breaks a ConnectivityAssertion",
    template: "{assertion} holds now and would fail ({path})",
    remedy:
      "Change the policy, or the assertion. It refuses what breaks it, in its own namespace, while its spec.admission is Refuse; with Warn it warns.",
  },
  assertionBeyondRights: {
    code: "PNP0502",
    severity: "error",
    title: "Assertion about what its author may not see",
    template: "{value} cannot be asserted: you may not list {what}",
    remedy:
      "Name an address, or have it written by somebody who may list them: whether an assertion holds is told to everybody who changes a policy beside it.",
  },
  assertionUnchecked: {
    code: "PNP0503",
    severity: "error",
    title: "Assertion whose author is not known",
    template: "what its author may see cannot be looked up: {why}",
    remedy: "Try again in a moment; a ConnectivityAssertion is not let in unseen.",
  },
} as const satisfies CodeTable
