// NetworkPolicy, lowered for the engine: what it cannot read fails closed and is reported elsewhere.

import { silent } from "../../api/report.ts"
import type { Lower } from "../../compile/policy-ir.ts"
import { readNetworkPolicy } from "./read.ts"

/** Reads as the API server does; files with ambiguous content never get this far. */
export const lowerNetworkPolicy: Lower = (policy) =>
  readNetworkPolicy(policy, { report: silent, source: "api" })
