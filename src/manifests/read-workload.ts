// Kinds that make pods. Their pods are made up from the template, so that manifests without a cluster can be judged.

import { conforms, withoutNulls } from "../api/conforms.ts"
import { cronJobSchema, type PodTemplate, workloadSchema } from "../api/core.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import { type Place, root, within } from "../api/report.ts"
import type { Labels, Pod } from "../compile/snapshot.ts"
import { checkLabels } from "../kinds/selector-reading.ts"
import { type Identity, type ObjectReading, readIdentity, subdomainNamed } from "./object-reading.ts"
import { containerPorts, type Maker, makerOf } from "./read-pod.ts"

/** A workload manifest; `pods` are made up from its template. */
export interface Workload {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly pods: readonly Pod[]
}

export interface ReadWorkload {
  readonly workload: Workload
  readonly maker: Maker | undefined
}

/** A StatefulSet's pods differ in two labels; so many of them are told apart. */
const MAX_ORDINALS = 100

export function readWorkload(reading: ObjectReading): ReadWorkload | undefined {
  const shaped = shapedWorkload(reading)
  if (shaped === undefined) return undefined
  const identity = readIdentity(shaped.metadata, subdomainNamed, reading)
  if (identity === undefined) return undefined
  const { kind } = reading.manifest
  const { namespace, name } = identity
  const made = templatePod(shaped.template, { identity, at: shaped.at }, reading)
  const pods =
    kind === "StatefulSet"
      ? ordinalPods(made, name, shaped.replicas)
      : [{ ...made, labels: madeLabels(kind, name, made.labels) }]
  return { workload: { kind, namespace, name, pods }, maker: makerOf(shaped.metadata) }
}

interface ShapedWorkload {
  readonly metadata: Parameters<typeof makerOf>[0]
  readonly template: PodTemplate
  readonly at: FieldPath
  readonly replicas: number
}

function shapedWorkload({ manifest, report }: ObjectReading): ShapedWorkload | undefined {
  if (manifest.kind === "CronJob") {
    const value = withoutNulls(manifest.value, cronJobSchema)
    if (!conforms(cronJobSchema, value, root(report))) return undefined
    const at = ["spec", "jobTemplate", "spec", "template"]
    return { metadata: value.metadata, template: value.spec.jobTemplate.spec.template, at, replicas: 1 }
  }
  const value = withoutNulls(manifest.value, workloadSchema)
  if (!conforms(workloadSchema, value, root(report))) return undefined
  const { replicas = 1, template } = value.spec
  return { metadata: value.metadata, template, at: ["spec", "template"], replicas }
}

/** Its name has a / in it, as no real pod's has: it is how the workload is referred to. */
function templatePod(
  { metadata = {}, spec = {} }: PodTemplate,
  { identity, at }: { readonly identity: Identity; readonly at: FieldPath },
  { manifest, report }: ObjectReading,
): Pod {
  const { labels = {} } = metadata
  checkLabels(labels, [...at, "metadata"].reduce<Place>(within, root(report)), "labels")
  return {
    namespace: identity.namespace,
    name: `${manifest.kind.toLowerCase()}/${identity.name}`,
    uid: "",
    labels,
    node: spec.nodeName ?? "",
    addresses: [],
    hostNetwork: spec.hostNetwork ?? false,
    finished: false,
    ports: containerPorts(spec, [...at, "spec"], report),
    owner: { kind: manifest.kind, name: identity.name },
    controller: { kind: manifest.kind, name: identity.name },
  }
}

function ordinalPods(made: Pod, name: string, replicas: number): readonly Pod[] {
  return Array.from({ length: Math.min(Math.max(replicas, 1), MAX_ORDINALS) }, (_, i) => ({
    ...made,
    name: `${made.name}-${i}`,
    labels: {
      ...made.labels,
      "statefulset.kubernetes.io/pod-name": `${name}-${i}`,
      "apps.kubernetes.io/pod-index": String(i),
    },
  }))
}

/** Labels that the controller of a kind adds and policies may select by. */
function madeLabels(kind: string, name: string, labels: Labels): Labels {
  return kind === "Job" ? { ...labels, "job-name": name, "batch.kubernetes.io/job-name": name } : labels
}
