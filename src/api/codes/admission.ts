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
} as const satisfies CodeTable
