// What keeps a cluster from being built in the lab.

import type { CodeTable } from "./table.ts"

export const labCodes = {
  tooLargeForLab: {
    code: "PNP0951",
    severity: "error",
    title: "Cluster too large for the lab",
    template: "{pods} pods make {connections} connections to try, and the lab tries at most {limit}",
    remedy: "Point --policies at a part of it; postern explain answers for clusters of any size.",
  },
  noSuchEndInLab: {
    code: "PNP0952",
    severity: "error",
    title: "Address that nobody can have",
    template: "{value} lies in the pod range of a node and no pod has it: nothing can be sent from there",
    remedy: "Assert about a pod, a node, or an address outside the cluster.",
  },
} as const satisfies CodeTable
