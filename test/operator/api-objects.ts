// A snapshot's objects as the API server has them, so that what is written for the engine can be said through the API.

import type { Namespace, Node, Pod, PolicyObject, Service, Snapshot } from "../../src/compile/snapshot.ts"
import { ApiError } from "../../src/kubernetes/api-error.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"

/** What the API server gave it. */
export interface Made {
  readonly metadata: { readonly uid: string; readonly generation?: number }
}

const MERGE = "application/merge-patch+json"

/** Everything but pods and policies. */
export async function createCluster(client: KubernetesClient, snapshot: Snapshot): Promise<void> {
  for (const namespace of snapshot.namespaces) await createNamespace(client, namespace)
  for (const node of snapshot.nodes) await createNode(client, node)
  for (const service of snapshot.services) await createService(client, service)
}

export async function createNamespace(client: KubernetesClient, { name, labels }: Namespace): Promise<void> {
  const metadata = { name, labels }
  await client.create("/api/v1/namespaces", { metadata }).catch(async (error: unknown) => {
    // Some are there from the beginning.
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    await client.patch(`/api/v1/namespaces/${name}`, { metadata }, MERGE)
  })
}

/** Without what kube-controller-manager does before: nothing may be left in it. */
export async function deleteNamespace(client: KubernetesClient, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${name}`
  await client.delete(path)
  await client.replace(`${path}/finalize`, { metadata: { name }, spec: { finalizers: [] } })
}

export async function createNode(client: KubernetesClient, node: Node): Promise<void> {
  const { name, labels, podCIDRs } = node
  await client.create("/api/v1/nodes", {
    metadata: { name, labels },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
  })
  const addresses = node.addresses.map((address) => ({ type: "InternalIP", address }))
  await client.patch(`/api/v1/nodes/${name}/status`, { status: { addresses } }, MERGE)
}

export async function deleteNode(client: KubernetesClient, name: string): Promise<void> {
  await client.delete(`/api/v1/nodes/${name}`)
}

export async function createService(client: KubernetesClient, service: Service): Promise<void> {
  const { namespace, name, selector, clusterIPs, ports } = service
  const hasNodePort = ports.some(({ nodePort }) => nodePort !== undefined)
  await client.create(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: {
      type: hasNodePort ? "NodePort" : "ClusterIP",
      selector,
      clusterIP: clusterIPs[0],
      clusterIPs,
      ipFamilyPolicy: clusterIPs.length > 1 ? "RequireDualStack" : "SingleStack",
      ports: ports.map((port, i) => ({ ...port, name: port.name === "" ? `port-${i}` : port.name })),
    },
  })
}

/** Bound to its node, and without an address. */
export async function createPod(client: KubernetesClient, pod: Pod): Promise<Made> {
  const { namespace, name, labels, node, hostNetwork, ports } = pod
  const declared = ports.map((port) => ({
    ...(port.name === "" ? {} : { name: port.name }),
    protocol: port.protocol,
    containerPort: port.port,
  }))
  return await client.create<Made>(`/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name, labels },
    spec: {
      nodeName: node,
      hostNetwork,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "none", ports: declared }],
    },
  })
}

/** As kubelet says it, a while after CNI ADD. */
export async function tellAddresses(client: KubernetesClient, pod: Pod): Promise<void> {
  const podIPs = pod.addresses.map((ip) => ({ ip }))
  const now = new Date().toISOString()
  const conditions = [{ type: "PodReadyToStartContainers", status: "True", lastTransitionTime: now }]
  await tellStatus(client, pod, {
    phase: "Running",
    podIP: podIPs[0]?.ip,
    podIPs,
    startTime: now,
    conditions,
  })
}

export async function tellStatus(client: KubernetesClient, pod: Pod, status: unknown): Promise<void> {
  await client.patch(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`, { status }, MERGE)
}

export async function deletePod(client: KubernetesClient, { namespace, name }: Pod): Promise<void> {
  await client.delete(`/api/v1/namespaces/${namespace}/pods/${name}`, { gracePeriodSeconds: 0 })
}

/** Resolves with its generation. */
export async function setPolicy(client: KubernetesClient, policy: PolicyObject): Promise<number> {
  const { metadata, ...rest } = policy
  const made = await client
    .create<Made>(policiesPath(policy), { ...rest, metadata: { name: metadata.name } })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 409) throw error
      const body = [{ op: "replace", path: "/spec", value: policy.spec }]
      const path = `${policiesPath(policy)}/${metadata.name}`
      return client.patch<Made>(path, body, "application/json-patch+json")
    })
  return made.metadata.generation ?? 0
}

export async function deletePolicy(client: KubernetesClient, policy: PolicyObject): Promise<void> {
  await client.delete(`${policiesPath(policy)}/${policy.metadata.name}`)
}

function policiesPath({ apiVersion, kind, metadata }: PolicyObject): string {
  if (kind !== "NetworkPolicy") throw new RangeError(`the tests make no ${kind}`)
  return `/apis/${apiVersion}/namespaces/${metadata.namespace}/networkpolicies`
}
