// Which of the kinds that are read an object is of, and what is too close to one to be skipped in silence.

import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { closest, suggestion } from "../api/suggestion.ts"
import type { PolicyKind } from "../kinds/kind.ts"
import { policyKindOf, policyKinds } from "../kinds/registry.ts"
import type { Manifest } from "./objects.ts"
import { ASSERTION } from "./read-assertion.ts"

const workloads: Readonly<Record<string, readonly string[]>> = {
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  extensions: ["Deployment", "DaemonSet", "ReplicaSet"],
  batch: ["Job", "CronJob"],
  "": ["ReplicationController"],
}

export type ReadAs =
  | { readonly as: "namespace" | "pod" | "node" | "service" | "workload" | "assertion" | "ignored" }
  | { readonly as: "policy"; readonly policyKind: PolicyKind }
  | { readonly as: "mistake"; readonly diagnostic: Diagnostic; readonly field: "apiVersion" | "kind" }

export function readAs(manifest: Manifest): ReadAs {
  const { apiVersion, kind } = manifest
  const group = groupOf(apiVersion)
  const policyKind = policyKindOf(manifest)
  if (policyKind !== undefined) return { as: "policy", policyKind }
  if (apiVersion === ASSERTION.apiVersion && kind === ASSERTION.kind) return { as: "assertion" }
  if (group === "") {
    if (kind === "Namespace") return { as: "namespace" }
    if (kind === "Pod") return { as: "pod" }
    if (kind === "Node") return { as: "node" }
    if (kind === "Service") return { as: "service" }
  }
  if (Object.hasOwn(workloads, group) && workloads[group]?.includes(kind) === true) return { as: "workload" }
  return nearMiss(manifest) ?? { as: "ignored" }
}

interface Known {
  readonly apiVersion: string
  readonly kind: string
}

/** What is judged by, and so must not be lost by a slip of the pen. */
const judgedBy: readonly Known[] = [...policyKinds, ASSERTION]

function nearMiss({ apiVersion, kind }: Manifest): ReadAs | undefined {
  const group = groupOf(apiVersion)
  const same = judgedBy.find((known) => known.kind === kind)
  if (same !== undefined) {
    const value = shown(apiVersion)
    return isOtherApi(group, groupOf(same.apiVersion))
      ? { as: "mistake", field: "apiVersion", diagnostic: diagnostic("foreignPolicy", { kind, value }) }
      : {
          as: "mistake",
          field: "apiVersion",
          diagnostic: diagnostic("unknownVersion", { kind, expected: same.apiVersion, value }),
        }
  }
  const kinds = judgedBy.filter((known) => groupOf(known.apiVersion) === group).map((known) => known.kind)
  if (closest(kind, kinds) === undefined) return undefined
  const values = { value: shown(kind), group, suggestion: suggestion(kind, kinds) }
  return { as: "mistake", field: "kind", diagnostic: diagnostic("misspeltKind", values) }
}

/** A group of its own, e.g. projectcalico.org; not an old or a misspelt name of ours. */
function isOtherApi(group: string, ours: string): boolean {
  return group.includes(".") && group !== ours && closest(group, [ours]) === undefined
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/")
  return slash < 0 ? "" : apiVersion.slice(0, slash)
}
