// Kubernetes objects that the tests make.

import { POD_IMAGE } from "./rig/images.ts"

export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

export type Labels = Readonly<Record<string, string>>

export interface ServerPod {
  readonly node?: string
  readonly labels?: Labels
  /** As the pod declares them. */
  readonly ports?: readonly {
    readonly name?: string
    readonly containerPort: number
    readonly protocol?: string
  }[]
  readonly listens?: readonly number[]
}

export function namespaceObject(name: string, labels: Labels = {}): KubernetesObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } }
}

/** Answers with its name on every port it listens on, TCP and UDP, and returns what it is sent on TCP 7. */
export function serverPod(reference: string, options: ServerPod = {}): KubernetesObject {
  const [namespace = "", name = ""] = reference.split("/")
  const { node, labels = { app: name }, ports = [], listens = [80] } = options
  const serve = listens.map((port) => `/agnhost serve-hostname --tcp --udp --http=false --port ${port} &`)
  const script = [...serve, "exec nc -ll -p 7 -e cat"].join(" ")
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, labels },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: POD_IMAGE, command: ["/bin/sh", "-c", script], ports }],
    },
  }
}

export function networkPolicy(reference: string, spec: unknown): KubernetesObject {
  const [namespace = "", name = ""] = reference.split("/")
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { namespace, name }, spec }
}
