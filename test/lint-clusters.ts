// Small clusters for lint's tests: a shop with a web server, a database and a job, and cluster DNS.

import { createModel, type Model } from "../src/analysis/model.ts"
import { changesTo } from "../src/compile/compile.ts"
import type {
  ContainerPort,
  Labels,
  Namespace,
  Node,
  Pod,
  PolicyObject,
  Service,
  Snapshot,
} from "../src/compile/snapshot.ts"
import { lower } from "../src/kinds/registry.ts"

type PodParts = Partial<Omit<Pod, "name" | "namespace">>

/** `name` is "namespace/name"; its label app is the name. */
export function pod(name: string, parts: PodParts = {}): Pod {
  const [namespace = "", own = ""] = name.split("/")
  return {
    namespace,
    name: own,
    uid: "",
    labels: { app: own },
    node: "",
    addresses: [],
    hostNetwork: false,
    finished: false,
    ports: [],
    ...parts,
  }
}

/** "http 80/TCP", or "80/TCP" without a name. */
export function ports(...texts: readonly string[]): readonly ContainerPort[] {
  return texts.map((text) => {
    const [, name = "", port, protocol] = /^(?:(\S+) )?(\d+)\/(\w+)$/.exec(text) ?? []
    return {
      name,
      port: Number(port),
      protocol: protocol === "UDP" || protocol === "SCTP" ? protocol : "TCP",
    }
  })
}

export function namespace(name: string, labels: Labels = {}): Namespace {
  return { name, labels: { "kubernetes.io/metadata.name": name, ...labels } }
}

export function policy(name: string, spec: object, annotations?: Labels): PolicyObject {
  const [namespace = "", own = ""] = name.split("/")
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace, name: own, ...(annotations === undefined ? {} : { annotations }) },
    spec,
  }
}

export function service(name: string, parts: Partial<Service>): Service {
  const [namespace = "", own = ""] = name.split("/")
  return { namespace, name: own, selector: {}, clusterIPs: [], ports: [], ...parts }
}

export function node(name: string, parts: Partial<Node>): Node {
  return { name, labels: {}, addresses: [], podCIDRs: [], ...parts }
}

export const dnsPod = pod("kube-system/coredns-1", {
  labels: { "k8s-app": "kube-dns" },
  ports: ports("dns 53/UDP", "dns-tcp 53/TCP"),
  addresses: ["10.244.0.2"],
})

export const shop: Snapshot = {
  namespaces: [
    namespace("shop", { team: "shop" }),
    namespace("monitoring", { team: "sre" }),
    namespace("kube-system"),
  ],
  pods: [
    pod("shop/web", { ports: ports("http 8080/TCP"), addresses: ["10.244.0.10"] }),
    pod("shop/db", { ports: ports("sql 5432/TCP"), addresses: ["10.244.0.11"] }),
    pod("shop/silent", { addresses: ["10.244.0.12"] }),
    pod("monitoring/prometheus", { addresses: ["10.244.0.20"] }),
    dnsPod,
  ],
  nodes: [node("worker", { addresses: ["192.168.1.10"], podCIDRs: ["10.244.0.0/24"] })],
  services: [
    service("kube-system/kube-dns", {
      clusterIPs: ["10.96.0.10"],
      selector: { "k8s-app": "kube-dns" },
      ports: [{ name: "dns", protocol: "UDP", port: 53, targetPort: 53 }],
    }),
    service("shop/web", {
      clusterIPs: ["10.96.7.7"],
      selector: { app: "web" },
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: "http" }],
    }),
  ],
  policies: [],
}

export function modelOf(snapshot: Snapshot): Model {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot))
  return model
}

export const app = (name: string) => ({ matchLabels: { app: name } })
/** To and from: the peers. */
export const ingress = (subject: string, ...rules: readonly object[]) => ({
  podSelector: app(subject),
  policyTypes: ["Ingress"],
  ingress: rules,
})
export const egress = (subject: string, ...rules: readonly object[]) => ({
  podSelector: app(subject),
  policyTypes: ["Egress"],
  egress: rules,
})
export const toDns = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
}
