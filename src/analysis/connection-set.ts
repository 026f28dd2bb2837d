// What may flow from one end to another: port ranges of each protocol, and the protocols that have no ports.

import type { PortInterval } from "../explain/allowed.ts"

/** Ranges are sorted, disjoint and merged. */
export interface ConnectionSet {
  readonly TCP: readonly PortInterval[]
  readonly UDP: readonly PortInterval[]
  readonly SCTP: readonly PortInterval[]
  /** ICMP and every other protocol without ports that is judged. */
  readonly other: boolean
}
