// v1 Pod, and what pods and pod templates have in common.

import type { PodManifest, PodSpec } from "../api/core.ts"
import { podSchema } from "../api/core.ts"
import type { FieldPath } from "../api/diagnostic.ts"
import type { Report } from "../api/report.ts"
import type { ContainerPort, Pod, WorkloadReference } from "../compile/snapshot.ts"
import {
  isPresent,
  type ObjectReading,
  readAddress,
  readIdentity,
  readShape,
  subdomainNamed,
} from "./object-reading.ts"

/** A pod, and the object that made it, which may be made by another in turn. */
export interface ReadPod {
  readonly pod: Pod
  readonly maker: Maker | undefined
}

export interface Maker {
  readonly kind: string
  readonly name: string
}

export function readPod(reading: ObjectReading): ReadPod | undefined {
  const source = readShape(podSchema, reading)
  if (source === undefined) return undefined
  const identity = readIdentity(source.metadata, subdomainNamed, reading)
  if (identity === undefined) return undefined
  const { metadata, spec = {}, status = {} } = source
  const controller = controllerOf(metadata)
  const pod: Pod = {
    ...identity,
    uid: metadata.uid ?? "",
    node: spec.nodeName ?? "",
    addresses: podAddresses(status, reading.report),
    hostNetwork: spec.hostNetwork ?? false,
    finished: status.phase === "Succeeded" || status.phase === "Failed",
    ports: containerPorts(spec, ["spec"], reading.report),
    ...(controller === undefined ? {} : { controller }),
  }
  return { pod, maker: makerOf(metadata) }
}

/** References that say no kind, as some tools write them, say nothing. */
export function makerOf({ ownerReferences = [] }: PodManifest["metadata"]): Maker | undefined {
  const whole = ownerReferences.flatMap(({ kind = "", name = "", controller = false }) =>
    kind === "" || name === "" ? [] : [{ kind, name, controller }],
  )
  return whole.find(({ controller }) => controller) ?? whole[0]
}

function controllerOf({ ownerReferences = [] }: PodManifest["metadata"]): WorkloadReference | undefined {
  const { kind = "", name = "" } = ownerReferences.find(({ controller }) => controller === true) ?? {}
  return kind === "" || name === "" ? undefined : { kind, name }
}

/** Ports of containers and of sidecars, which are init containers that go on running. */
export function containerPorts(spec: PodSpec, at: FieldPath, report: Report): readonly ContainerPort[] {
  return (["containers", "initContainers"] as const).flatMap((field) =>
    (spec[field] ?? []).flatMap((container, i) => {
      if (field === "initContainers" && container.restartPolicy !== "Always") return []
      return (container.ports ?? []).flatMap(({ name = "", containerPort, protocol = "TCP" }, j) => {
        if (containerPort >= 1 && containerPort <= 65535) return [{ name, protocol, port: containerPort }]
        report("portRange", { value: containerPort }, [...at, field, i, "ports", j, "containerPort"])
        return []
      })
    }),
  )
}

function podAddresses(status: NonNullable<PodManifest["status"]>, report: Report): readonly string[] {
  const listed = (status.podIPs ?? []).flatMap(({ ip = "" }, i) =>
    ip === "" ? [] : [readAddress(ip, ["status", "podIPs", i, "ip"], report)],
  )
  const single = status.podIP ?? ""
  const all = listed.length > 0 || single === "" ? listed : [readAddress(single, ["status", "podIP"], report)]
  return [...new Set(all.filter(isPresent))]
}
