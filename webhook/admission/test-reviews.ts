// Reviews as the API server sends them, for tests.

import type { ImpactReport } from "../../src/api/impact-report.ts"
import type { Analysis, Analyst } from "../analyst.ts"

export interface ReviewParts {
  readonly group?: string
  readonly version?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly operation?: string
  readonly subResource?: string
  readonly object?: unknown
  readonly oldObject?: unknown
  readonly dryRun?: boolean
  readonly userInfo?: unknown
}

export const UID = "705ab4f5-6393-11e8-b7cc-42010a800002"

/** The creation of NetworkPolicy shop/web by alice, where nothing else is said. */
export function reviewText(parts: ReviewParts = {}): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: requestOf(parts),
  })
}

function requestOf(parts: ReviewParts): object {
  const { group = "networking.k8s.io", version = "v1", kind = "NetworkPolicy", ...rest } = parts
  const { namespace = "shop", name = "web", operation = "CREATE" } = rest
  return {
    uid: UID,
    kind: { group, version, kind },
    resource: { group, version, resource: "networkpolicies" },
    requestKind: { group, version, kind },
    namespace,
    name,
    operation,
    userInfo: parts.userInfo ?? { username: "alice", groups: ["system:authenticated"] },
    object: "object" in parts ? parts.object : operation === "DELETE" ? null : policy(),
    oldObject: parts.oldObject ?? (operation === "CREATE" ? null : policy()),
    dryRun: parts.dryRun ?? false,
    ...(parts.subResource === undefined ? {} : { subResource: parts.subResource }),
  }
}

export function policy(spec: unknown = { podSelector: {} }, metadata: object = {}): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop", uid: "u", ...metadata },
    spec,
  }
}

const none = { pods: 0, workloads: [] }
const noIsolation = { ingress: none, egress: none }

export function impact(parts: Partial<ImpactReport> = {}): ImpactReport {
  return {
    key: "abcde23456",
    subject: { kind: "NetworkPolicy", namespace: "shop", name: "web" },
    operation: "CREATE",
    complete: true,
    enforcement: "enforce",
    isolated: noIsolation,
    released: noIsolation,
    appearing: { pairs: 0, observed: 0, listed: [] },
    disappearing: { pairs: 0, observed: 0, listed: [] },
    nodes: [],
    findings: [],
    assertions: [],
    hidden: { namespaces: 0, pods: 0, pairs: 0, nodes: 0, assertions: 0 },
    notes: [],
    ...parts,
  }
}

/** Says what it is told, and keeps what it was asked. */
export function fakeAnalyst(analysis: Partial<Analysis> = {}, more: Partial<Analyst> = {}): Analyst {
  return {
    problem: () => "",
    isNamespace: () => false,
    podsOf: () => [],
    analyse: () => ({ report: impact(), refusals: [], ...analysis }),
    ...more,
  }
}
