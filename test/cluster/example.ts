// A folder of policies-examples as objects for a real API server, and what its ConnectivityAssertions want.
//
// Addresses, nodes and images are the cluster's own; labels, ports and policies stay as they are. The namespaces get
// the example's name before theirs, so that all examples run side by side.

import { fileURLToPath } from "node:url"
import type { PolicyObject, Service, Snapshot } from "../../src/compile/snapshot.ts"
import { readManifests } from "../../src/manifests/read-manifests.ts"
import { type KubernetesObject, namespaceObject, serverPod } from "./objects.ts"

const EXAMPLES = fileURLToPath(new URL("../../policies-examples", import.meta.url))
/** The API server writes it by itself. */
const NAME_LABEL = "kubernetes.io/metadata.name"

export interface Example {
  readonly name: string
  /** Namespaces, pods and Services. */
  readonly cluster: readonly KubernetesObject[]
  readonly policies: readonly KubernetesObject[]
  readonly cases: readonly Case[]
}

/** A TCP or UDP connection between pods. */
export interface Case {
  /** As it is written in the example. */
  readonly text: string
  /** "namespace/name" in the cluster. */
  readonly from: string
  readonly to: { readonly kind: "pod" | "service"; readonly reference: string }
  readonly protocol: "tcp" | "udp"
  readonly port: number
  readonly expected: "allowed" | "denied"
}

/** Cases with other ends than pods and Services, and with ICMP or SCTP, are left to the lab. */
export function readExample(name: string, nodes: readonly string[]): Example {
  const { snapshot, assertions } = readManifests([`${EXAMPLES}/${name}`], { namespace: "default" })
  const known = new Set(snapshot.namespaces.map((namespace) => namespace.name))
  const rename = (namespace: string): string => (known.has(namespace) ? `${name}-${namespace}` : namespace)
  const cases = assertions.flatMap((assertion) =>
    assertion.cases.flatMap(({ from, to, ports, expect }) =>
      ports.flatMap((port): Case[] => {
        const target = targetOf(to, snapshot)
        const number = target && portOf(port, target, snapshot)
        if (target === undefined || number === undefined || !isPod(from, snapshot)) return []
        const reference = renamed(target.reference, rename)
        const expected = expect === "Allow" ? "allowed" : "denied"
        const text = `${name}: ${from} -> ${to} ${port}`
        return [{ text, from: renamed(from, rename), to: { ...target, reference }, ...number, expected }]
      }),
    ),
  )
  return {
    name,
    cluster: clusterOf(snapshot, { cases, rename, nodes }),
    policies: policiesOf(snapshot, rename),
    cases,
  }
}

type Rename = (namespace: string) => string

interface Place {
  readonly cases: readonly Case[]
  readonly rename: Rename
  readonly nodes: readonly string[]
}

function clusterOf(snapshot: Snapshot, { cases, rename, nodes }: Place): readonly KubernetesObject[] {
  const namespaces = snapshot.namespaces.map(({ name, labels }) => {
    const own = Object.entries(labels).filter(([key]) => key !== NAME_LABEL)
    return namespaceObject(rename(name), Object.fromEntries(own))
  })
  const pods = snapshot.pods.map((pod, i) => {
    const reference = `${rename(pod.namespace)}/${pod.name}`
    // Somebody listens on the denied ports too: what is not reached there is denied.
    const asked = cases.filter(({ to }) => to.kind === "pod" && to.reference === reference)
    const named = pod.ports.map(({ name, port, protocol }) => {
      return { ...(name === "" ? {} : { name }), containerPort: port, protocol }
    })
    const listens = new Set([...asked, ...pod.ports].map((each) => each.port))
    return serverPod(reference, {
      node: nodes[i % nodes.length] ?? "",
      labels: pod.labels,
      ports: named,
      listens: [...listens],
    })
  })
  return [...namespaces, ...pods, ...snapshot.services.map((service) => serviceObject(service, rename))]
}

function serviceObject({ namespace, name, selector, ports }: Service, rename: Rename): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: rename(namespace), name },
    spec: {
      selector,
      ports: ports.map(({ name, protocol, port, targetPort }) => {
        return { ...(name === "" ? {} : { name }), protocol, port, targetPort }
      }),
    },
  }
}

function policiesOf(snapshot: Snapshot, rename: Rename): readonly KubernetesObject[] {
  return snapshot.policies.map(({ apiVersion, kind, metadata: { name, namespace }, spec }: PolicyObject) => {
    const metadata = { name, namespace: rename(namespace) }
    return { apiVersion, kind, metadata, spec: withNames(spec, rename) }
  })
}

/** Namespaces that a selector names are the renamed ones. */
function withNames(spec: unknown, rename: Rename): unknown {
  return JSON.parse(JSON.stringify(spec), (key, value: unknown) => {
    if (key === NAME_LABEL && typeof value === "string") return rename(value)
    if (!isRequirement(value) || value.key !== NAME_LABEL) return value
    return { ...value, values: value.values.map(rename) }
  })
}

interface Requirement {
  readonly key: string
  readonly values: readonly string[]
}

function isRequirement(value: unknown): value is Requirement {
  return typeof value === "object" && value !== null && "key" in value && "values" in value
}

function targetOf(text: string, snapshot: Snapshot): Case["to"] | undefined {
  const [namespace = "", kind = "", name = ""] = text.split("/")
  if (isPod(text, snapshot)) return { kind: "pod", reference: text }
  const service = snapshot.services.find((each) => each.namespace === namespace && each.name === name)
  return kind === "svc" && service ? { kind: "service", reference: `${namespace}/${name}` } : undefined
}

function isPod(text: string, snapshot: Snapshot): boolean {
  return snapshot.pods.some(({ namespace, name }) => `${namespace}/${name}` === text)
}

/** "80/TCP" or "http/TCP". */
function portOf(
  text: string,
  target: Case["to"],
  snapshot: Snapshot,
): Pick<Case, "port" | "protocol"> | undefined {
  const [port = "", protocol = ""] = text.split("/")
  if (protocol !== "TCP" && protocol !== "UDP") return undefined
  const pod = snapshot.pods.find(({ namespace, name }) => `${namespace}/${name}` === target.reference)
  const number = /^\d+$/.test(port) ? Number(port) : pod?.ports.find((each) => each.name === port)?.port
  return number === undefined ? undefined : { port: number, protocol: protocol === "TCP" ? "tcp" : "udp" }
}

function renamed(reference: string, rename: Rename): string {
  const [namespace = "", name = ""] = reference.split("/")
  return `${rename(namespace)}/${name}`
}
