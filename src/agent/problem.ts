// What keeps policy from being enforced on a node, as records: all of them are reported at once.

export type ProblemCode =
  | "no-rights"
  | "nft-missing"
  | "nft-too-old"
  | "conntrack-missing"
  | "iproute2-missing"
  | "perl-missing"
  | "sctp-not-tracked"
  | "bridge-not-filtered"
  | "br-netfilter-missing"
  | "foreign-chain-drops"
  | "other-policy-engine"
  | "flowtable"
  | "sources-hidden"
  | "pod-not-behind-veth"
  | "pod-not-found"
  | "port-not-known"
  | "traffic-control"

/**
 * - fatal: nothing can be enforced; the agent does not start;
 * - error: for `subject` (a pod address, a bridge, a flowtable) policy is not enforced;
 * - warning: enforced, with a gap that is named;
 * - note: worth knowing when a connection fails.
 */
export type ProblemSeverity = "fatal" | "error" | "warning" | "note"

export interface Problem {
  readonly code: ProblemCode
  readonly severity: ProblemSeverity
  /** What it concerns: an address, an interface, "family table chain"; "" for the node. */
  readonly subject: string
  /** What is wrong and what to do. */
  readonly message: string
}
