// Kinds that a reference may name, by the names that kubectl knows them by.

const WORKLOAD_KINDS = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "CronJob",
  "ReplicationController",
] as const

export type ReferenceKind = (typeof WORKLOAD_KINDS)[number] | "Pod" | "Service"

const SHORT_NAMES = {
  Deployment: "deploy",
  StatefulSet: "sts",
  DaemonSet: "ds",
  ReplicaSet: "rs",
  Job: "job",
  CronJob: "cj",
  ReplicationController: "rc",
  Pod: "po",
  Service: "svc",
} as const satisfies Record<ReferenceKind, string>

const KINDS: readonly ReferenceKind[] = [...WORKLOAD_KINDS, "Pod", "Service"]

/** "deploy", "Deployment" and "deployments" are one kind; null for what is no kind. */
export function kindNamed(text: string): ReferenceKind | null {
  const written = text.toLowerCase()
  const found = KINDS.find((kind) => {
    const name = kind.toLowerCase()
    return [name, `${name}s`, SHORT_NAMES[kind]].includes(written)
  })
  return found ?? null
}

/** Every name that a kind may be written with. */
export function kindNames(): readonly string[] {
  return KINDS.flatMap((kind) => [kind, SHORT_NAMES[kind]])
}
