// Changes of pods, of what makes pods, and of namespaces that alter which policies and peers they are of.

import { fieldOf, recordIn } from "../../src/api/conforms.ts"
import type { Change, Labels, Pod } from "../../src/compile/snapshot.ts"
import type { ObjectKey } from "../../src/kubernetes/resource.ts"
import { namespaceResource } from "../../src/kubernetes/resources/namespace.ts"
import { podResource } from "../../src/kubernetes/resources/pod.ts"

export interface MembershipChange {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly operation: "CREATE" | "UPDATE" | "DELETE"
  readonly object: unknown
  readonly oldObject: unknown
}

export interface PodsOf {
  /** Pods of a workload that have not finished. */
  (workload: { readonly kind: string; readonly namespace: string; readonly name: string }): readonly Pod[]
}

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"] as const
/** What controllers add to a template's labels: the new pods will have some of their own. */
const MADE_LABELS = [
  "pod-template-hash",
  "controller-revision-hash",
  "pod-template-generation",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
] as const

/** Undefined for an object of another kind; none where it changes no membership. Deletions change none. */
export function membershipChanges(change: MembershipChange, podsOf: PodsOf): readonly Change[] | undefined {
  const { apiVersion, kind, operation } = change
  if (apiVersion === "v1" && kind === "Namespace")
    return operation === "UPDATE" ? changed(change, namespaceIn) : []
  if (apiVersion === "v1" && kind === "Pod") return operation === "DELETE" ? [] : changed(change, podIn)
  if (apiVersion === "apps/v1" && WORKLOADS.some((each) => each === kind))
    return operation === "DELETE" ? [] : templateChanges(change, podsOf)
  return undefined
}

/** One change, where what we read of the object is not what it was. */
function changed(
  change: MembershipChange,
  read: (object: unknown, key: ObjectKey) => Change,
): readonly Change[] {
  const { object, oldObject } = change
  if (object === undefined) return []
  const after = read(object, change)
  const isSame = oldObject !== undefined && JSON.stringify(read(oldObject, change)) === JSON.stringify(after)
  return isSame ? [] : [after]
}

function namespaceIn(object: unknown, key: ObjectKey): Change {
  return namespaceResource.decode(object, { namespace: "", name: key.name }, () => undefined)
}

function podIn(object: unknown, { namespace, name }: ObjectKey): Change {
  return podResource.decode(object, { namespace, name }, () => undefined)
}

/** The pods that are there with the new template's properties; where there are none, one that is made up. */
function templateChanges(change: MembershipChange, podsOf: PodsOf): readonly Change[] {
  const { kind, namespace, name, object, oldObject } = change
  const after = templatePod(object, change)
  const before = oldObject === undefined ? undefined : templatePod(oldObject, change)
  if (after === undefined || JSON.stringify(before) === JSON.stringify(after)) return []
  const pods = podsOf({ kind, namespace, name })
  if (pods.length === 0) return [{ kind: "pod", op: "set", value: after }]
  return pods.map((pod) => {
    const { labels, ports, hostNetwork } = after
    return {
      kind: "pod",
      op: "set",
      value: { ...pod, ports, hostNetwork, labels: { ...labels, ...madeLabels(pod) } },
    } as const
  })
}

/** Its name has a / in it, as no real pod's has. */
function templatePod(
  object: unknown,
  { kind, namespace, name }: Pick<MembershipChange, "kind" | "namespace" | "name">,
): Pod | undefined {
  const template = recordIn(recordIn(object, "spec"), "template")
  if (Object.keys(template).length === 0) return undefined
  const { labels } = recordIn(template, "metadata")
  const made = { metadata: { labels }, spec: fieldOf(template, "spec") }
  const change = podIn(made, { namespace, name: `${kind.toLowerCase()}/${name}` })
  if (change.kind !== "pod" || change.op !== "set") return undefined
  return { ...change.value, owner: { kind, name }, controller: { kind, name } }
}

function madeLabels({ labels }: Pod): Labels {
  const made = MADE_LABELS.flatMap((key) => {
    const value = fieldOf(labels, key)
    return typeof value === "string" ? [[key, value] as const] : []
  })
  return Object.fromEntries(made)
}
