// networking.k8s.io/v1 NetworkPolicy as a registered kind.

import { networkPolicySpecSchema } from "../../api/networkpolicy.ts"
import { collector } from "../../api/report.ts"
import { networkPolicyJudge } from "../../explain/networkpolicy.ts"
import type { PolicyKind } from "../kind.ts"
import { lowerNetworkPolicy } from "./lower.ts"
import { outlineNetworkPolicy } from "./outline.ts"
import { readNetworkPolicy } from "./read.ts"

export const networkPolicyKind: PolicyKind = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  namespaced: true,
  specSchema: networkPolicySpecSchema,
  check: (object, source) => {
    const { report, diagnostics } = collector()
    readNetworkPolicy(object, { report, source })
    return diagnostics
  },
  lower: lowerNetworkPolicy,
  judge: networkPolicyJudge,
  outline: outlineNetworkPolicy,
}
