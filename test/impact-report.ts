// A report of a change that does nothing.

import type { ImpactReport } from "../src/api/impact-report.ts"

export const nobody: ImpactReport["isolated"] = {
  ingress: { pods: 0, workloads: [] },
  egress: { pods: 0, workloads: [] },
}
const nothing: ImpactReport["appearing"] = { pairs: 0, observed: 0, listed: [] }

export function quietReport(key: string, rest: Partial<ImpactReport> = {}): ImpactReport {
  return {
    key,
    subject: { kind: "NetworkPolicy", namespace: "shop", name: "closed" },
    operation: "CREATE",
    complete: true,
    enforcement: "enforce",
    isolated: nobody,
    released: nobody,
    appearing: nothing,
    disappearing: nothing,
    nodes: [],
    findings: [],
    assertions: [],
    hidden: { namespaces: 0, pods: 0, pairs: 0, nodes: 0, assertions: 0 },
    notes: [],
    ...rest,
  }
}
