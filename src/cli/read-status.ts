// The state of a cluster's enforcement, as its statuses tell it.

import { conforms, fieldOf, recordIn } from "../api/conforms.ts"
import { type NodeStatusStatus, nodeStatusStatusSchema } from "../api/node-status.ts"
import { type PolicyPhase, type PolicyStatusStatus, policyStatusStatusSchema } from "../api/policy-status.ts"
import { root, silent } from "../api/report.ts"
import type { NodeLine, PolicyLine, StatusReport } from "../api/status-report.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { textIn } from "../kubernetes/resource.ts"
import { isMode, nextSteps } from "./next-steps.ts"
import { whyStale } from "./stale.ts"

export interface StatusScope {
  readonly systemNamespace: string
  /** Only policies of this namespace. */
  readonly namespace?: string
  /** Only this node, and policies that are not in force on it. */
  readonly node?: string
}

/** Undefined where the cluster has no Postern. */
export async function readStatus(
  client: KubernetesClient,
  scope: StatusScope,
): Promise<StatusReport | undefined> {
  const [policies, statuses, nodes, namespaces, settings, lease] = await Promise.all([
    listed(client, `/apis/postern.dev/v1alpha1/${inNamespace(scope.namespace)}policystatuses`),
    listed(client, "/apis/postern.dev/v1alpha1/nodestatuses"),
    listed(client, "/api/v1/nodes"),
    listed(client, "/api/v1/namespaces"),
    optional(client, `/api/v1/namespaces/${scope.systemNamespace}/configmaps/postern`),
    readLease(client, scope.systemNamespace),
  ])
  if (policies === undefined || statuses === undefined) return undefined
  const setting = textIn(fieldOf(settings, "data"), "enforcement")
  const labels = enforcementLabels(namespaces ?? [])
  const all = {
    enforcement: setting === "observe" ? "observe" : "enforce",
    stale: whyStale(lease, new Date()),
    namespaces: Object.fromEntries(labels.flatMap(([name, mode]) => (isMode(mode) ? [[name, mode]] : []))),
    nodes: nodeLines(nodes ?? [], statuses).filter(
      ({ name }) => scope.node === undefined || name === scope.node,
    ),
    policies: policies
      .flatMap((object) => policyLine(object) ?? [])
      .filter((line) => scope.node === undefined || isMissingOn(line, scope.node))
      .toSorted(byAttention),
  } as const
  const isWhole = scope.namespace === undefined && scope.node === undefined
  const oddLabels = labels.filter(([, mode]) => !isMode(mode))
  return { ...all, next: nextSteps(all, { isWhole, setting, oddLabels }) }
}

/** Who may read statuses need not be one who may read Leases. */
async function readLease(client: KubernetesClient, namespace: string): Promise<unknown> {
  try {
    return await client.get(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/postern-controller`)
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    if (isStatus(error, 403)) return "unreadable"
    throw error
  }
}

function inNamespace(namespace: string | undefined): string {
  return namespace === undefined ? "" : `namespaces/${encodeURIComponent(namespace)}/`
}

async function listed(client: KubernetesClient, path: string): Promise<readonly unknown[] | undefined> {
  try {
    return await client.list(path)
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

async function optional(client: KubernetesClient, path: string): Promise<unknown> {
  try {
    return await client.get(path)
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

function enforcementLabels(namespaces: readonly unknown[]): readonly (readonly [string, string])[] {
  return namespaces.flatMap((namespace) => {
    const metadata = fieldOf(namespace, "metadata")
    const mode = textIn(fieldOf(metadata, "labels"), "postern.dev/enforcement")
    return mode === "" ? [] : [[textIn(metadata, "name"), mode] as const]
  })
}

/** Nodes that nobody has written of are nodes without an agent, or without a controller. */
function nodeLines(nodes: readonly unknown[], statuses: readonly unknown[]): readonly NodeLine[] {
  const known = new Map(statuses.map((object) => [nameOf(object), fieldOf(object, "status")] as const))
  const names = new Set([...nodes.map(nameOf), ...known.keys()])
  return [...names]
    .map((name) => nodeLine(name, known.get(name)))
    .toSorted((a, b) => rankOf(a) - rankOf(b) || order(a.name, b.name))
}

function nameOf(object: unknown): string {
  return textIn(fieldOf(object, "metadata"), "name")
}

function nodeLine(name: string, status: unknown): NodeLine {
  if (!conforms(nodeStatusStatusSchema, status, root(silent))) {
    const message = "no controller has written of it: has it an agent?"
    return { name, state: "Unknown", since: "", observing: false, version: "", message, problems: [] }
  }
  const { state, lastTransitionTime: since, observing, version, problems }: NodeStatusStatus = status
  return { name, state, since, observing, version, message: status.conditions[0]?.message ?? "", problems }
}

function rankOf({ state }: NodeLine): number {
  return ["Degraded", "Disconnected", "Unknown", "Observing", "Programming", "Programmed"].indexOf(state)
}

function policyLine(object: unknown): PolicyLine | undefined {
  const status = fieldOf(object, "status")
  const { kind, name } = recordIn(fieldOf(object, "spec"), "policy")
  if (!conforms(policyStatusStatusSchema, status, root(silent))) return undefined
  const { phase, enforcement, selectedPods, nodes, conditions, denied }: PolicyStatusStatus = status
  return {
    kind: String(kind),
    namespace: textIn(fieldOf(object, "metadata"), "namespace"),
    name: String(name),
    phase,
    enforcement,
    selectedPods,
    nodes,
    message: conditions[0]?.message ?? "",
    denied: { ingress: denied?.ingress ?? 0, egress: denied?.egress ?? 0 },
  }
}

function isMissingOn({ nodes, phase }: PolicyLine, node: string): boolean {
  return nodes.failed.some((failed) => failed.node === node) || phase === "Failed"
}

export const phaseOrder: readonly PolicyPhase[] = [
  "Failed",
  "Degraded",
  "Programming",
  "Pending",
  "Programmed",
]

function byAttention(a: PolicyLine, b: PolicyLine): number {
  return (
    phaseOrder.indexOf(a.phase) - phaseOrder.indexOf(b.phase) ||
    order(a.namespace, b.namespace) ||
    order(a.kind, b.kind) ||
    order(a.name, b.name)
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
