// v1 Namespace, Node and Service.

import {
  type NodeManifest,
  namespaceSchema,
  nodeSchema,
  type ServiceManifest,
  serviceSchema,
} from "../api/core.ts"
import { type Report, shown } from "../api/report.ts"
import { parseCidr } from "../compile/address-ranges.ts"
import type { Namespace, Node, Service, ServicePort } from "../compile/snapshot.ts"
import { dnsLabelMistake } from "../kinds/label-syntax.ts"
import {
  clusterWide,
  isPresent,
  type ObjectReading,
  readAddress,
  readIdentity,
  readShape,
} from "./object-reading.ts"

const NAME_LABEL = "kubernetes.io/metadata.name"
const ENFORCEMENT_LABEL = "postern.dev/enforcement"

/** A namespace as the API server keeps it: its name is among its labels. */
export function namespaceOf(name: string, labels: Namespace["labels"] = {}): Namespace {
  const others = Object.entries(labels).filter(([key]) => key !== NAME_LABEL)
  return { name, labels: Object.fromEntries([...others, [NAME_LABEL, name]]) }
}

export function readNamespace(reading: ObjectReading): Namespace | undefined {
  const source = readShape(namespaceSchema, reading)
  const naming = { namespaced: false, nameMistake: dnsLabelMistake } as const
  const identity = source && readIdentity(source.metadata, naming, reading)
  if (identity === undefined) return undefined
  const { name, labels } = identity
  const claimed = labelValue(labels, NAME_LABEL)
  if (claimed !== undefined && claimed !== name) {
    reading.report("namespaceNameLabel", { name, value: shown(claimed) }, ["metadata", "labels", NAME_LABEL])
  }
  const mode = labelValue(labels, ENFORCEMENT_LABEL)
  if (mode !== undefined && mode !== "observe" && mode !== "enforce") {
    reading.report("unknownEnforcement", { value: shown(mode) }, ["metadata", "labels", ENFORCEMENT_LABEL])
  }
  return namespaceOf(name, labels)
}

function labelValue(labels: Namespace["labels"], key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

export function readNode(reading: ObjectReading): Node | undefined {
  const source = readShape(nodeSchema, reading)
  const identity = source && readIdentity(source.metadata, clusterWide, reading)
  if (source === undefined || identity === undefined) return undefined
  const { name, labels } = identity
  return {
    name,
    labels,
    addresses: nodeAddresses(source, reading.report),
    podCIDRs: podCidrs(source, reading.report),
  }
}

function nodeAddresses({ status = {} }: NodeManifest, report: Report): readonly string[] {
  const addresses = (status.addresses ?? []).flatMap(({ type, address }, i) =>
    type === "InternalIP" || type === "ExternalIP"
      ? [readAddress(address, ["status", "addresses", i, "address"], report)]
      : [],
  )
  return [...new Set(addresses.filter(isPresent))]
}

function podCidrs({ spec = {} }: NodeManifest, report: Report): readonly string[] {
  const listed = spec.podCIDRs ?? []
  const written =
    listed.length > 0
      ? listed.map((text, i) => ({ text, at: ["spec", "podCIDRs", i] }))
      : [{ text: spec.podCIDR ?? "", at: ["spec", "podCIDR"] }]
  const cidrs = written
    .filter(({ text }) => text !== "")
    .map(({ text, at }) => {
      const cidr = parseCidr(text)
      if (cidr === undefined) report("unreadableCidr", { value: shown(text) }, at)
      return cidr?.text
    })
  return [...new Set(cidrs.filter(isPresent))]
}

export function readService(reading: ObjectReading): Service | undefined {
  const source = readShape(serviceSchema, reading)
  const naming = { namespaced: true, nameMistake: dnsLabelMistake } as const
  const identity = source && readIdentity(source.metadata, naming, reading)
  if (source === undefined || identity === undefined) return undefined
  const { spec = {} } = source
  const { namespace, name } = identity
  return {
    namespace,
    name,
    selector: spec.selector ?? {},
    clusterIPs: clusterIps(spec, reading.report),
    ports: servicePorts(spec),
  }
}

function clusterIps(spec: NonNullable<ServiceManifest["spec"]>, report: Report): readonly string[] {
  const listed = spec.clusterIPs ?? []
  const written =
    listed.length > 0
      ? listed.map((text, i) => ({ text, at: ["spec", "clusterIPs", i] }))
      : [{ text: spec.clusterIP ?? "", at: ["spec", "clusterIP"] }]
  return written
    .filter(({ text }) => text !== "" && text !== "None")
    .map(({ text, at }) => readAddress(text, at, report))
    .filter(isPresent)
}

function servicePorts(spec: NonNullable<ServiceManifest["spec"]>): readonly ServicePort[] {
  return (spec.ports ?? []).map(({ name = "", protocol = "TCP", port, targetPort, nodePort }) => ({
    name,
    protocol,
    port,
    // 0 and "" are what the API server takes for "the same as port".
    targetPort: targetPort === undefined || targetPort === 0 || targetPort === "" ? port : targetPort,
    ...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),
  }))
}
