// How a policy is named in answers.

import type { PolicyObject } from "../compile/snapshot.ts"

export interface PolicyName {
  readonly kind: string
  /** "" for a cluster-wide kind. */
  readonly namespace: string
  readonly name: string
}

export function policyName({ kind, metadata }: PolicyObject): PolicyName {
  return { kind, namespace: metadata.namespace, name: metadata.name }
}

export function sameName(a: PolicyName, b: PolicyName): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name
}
