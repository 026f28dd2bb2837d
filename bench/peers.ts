// What other engines took for the same work, as recorded, and the goals that follow from it.
//
// Antrea fc70f2bb7 (its own scale benchmark: adding the objects and draining its queues), August 2026, on a quiet
// machine of 2 cores. Seconds and MiB.

import type { Workload } from "./workloads.ts"

export interface PeerFigure {
  readonly antreaSeconds: number
  readonly antreaRssMiB: number
  /** How many times faster we mean to be, and within which memory. */
  readonly goalRatio: number
  readonly goalRssMiB: number
}

export const COMPILE_PEERS: Readonly<Record<Workload, PeerFigure>> = {
  small: { antreaSeconds: 2.89, antreaRssMiB: 1651, goalRatio: 5, goalRssMiB: 550 },
  large: { antreaSeconds: 0.68, antreaRssMiB: 704, goalRatio: 5, goalRssMiB: 300 },
  one: { antreaSeconds: 0.21, antreaRssMiB: 216, goalRatio: 4, goalRssMiB: 120 },
  "per-pod": { antreaSeconds: 17.8, antreaRssMiB: 219, goalRatio: 60, goalRssMiB: 150 },
  cluster: { antreaSeconds: 0.72, antreaRssMiB: 685, goalRatio: 4, goalRssMiB: 300 },
}

/** Milliseconds on `cluster`, median. */
export const EVENT_PEERS: readonly {
  readonly event: RegExp
  readonly antrea: number
  readonly goal: number
}[] = [
  { event: /known label set/, antrea: 0.46, goal: 0.05 },
  { event: /new label set/, antrea: 1.85, goal: 0.2 },
  { event: /namespace of 100 pods/, antrea: 4.6, goal: 1 },
]
