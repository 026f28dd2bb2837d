// The *cluster* workload as the API server prints it: every field that a Deployment's pod has on a real cluster, so that a
// reader has as much to skip as there (about 4 kB a pod).

import type { Namespace, Node, Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"

/** Path of the collection -> texts of its objects, each with a resourceVersion below `FIRST_VERSION`. */
export function recordedCollections(snapshot: Snapshot): ReadonlyMap<string, readonly string[]> {
  return new Map([
    ["/api/v1/namespaces", snapshot.namespaces.map(namespaceText)],
    ["/api/v1/nodes", snapshot.nodes.map(nodeText)],
    ["/api/v1/pods", snapshot.pods.map((pod, index) => podText(pod, index))],
    ["/api/v1/services", []],
    ["/api/v1/configmaps", [settingsText()]],
    ["/apis/networking.k8s.io/v1/networkpolicies", snapshot.policies.map(policyText)],
  ])
}

export const FIRST_VERSION = 10_000_000
const CREATED = "2026-11-01T08:00:00Z"

export function podText(pod: Pod, version: number): string {
  const { namespace, name, uid, labels, node, addresses, ports } = pod
  const owner = name.replace(/-[^-]*$/, "")
  const container = {
    name: "app",
    image: `registry.example.com/team/${owner}:1.42.0`,
    ports: ports.map((port) => ({ name: port.name, containerPort: port.port, protocol: port.protocol })),
    env: Array.from({ length: 8 }, (_, i) => ({ name: `SETTING_${i}`, value: `value of setting ${i}` })),
    resources: { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
    volumeMounts: [
      { name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
    ],
    livenessProbe: { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: "/readyz", port: 8080, scheme: "HTTP" }, periodSeconds: 5 },
    terminationMessagePath: "/dev/termination-log",
    imagePullPolicy: "IfNotPresent",
  }
  const condition = (type: string) => ({
    type,
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: CREATED,
  })
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      generateName: `${owner}-`,
      namespace,
      uid: uid === "" ? `${namespace}-${name}-${node}` : uid,
      resourceVersion: String(version + 1),
      creationTimestamp: CREATED,
      labels,
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: `${owner}-uid`, controller: true },
      ],
      managedFields: [managed("kube-controller-manager", labels), managed("kubelet", FIELDS_OF_STATUS)],
    },
    spec: {
      volumes: [{ name: "kube-api-access", projected: { sources: [], defaultMode: 420 } }],
      containers: [container],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      nodeName: node,
      securityContext: {},
      schedulerName: "default-scheduler",
      tolerations: [
        {
          key: "node.kubernetes.io/not-ready",
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        },
        {
          key: "node.kubernetes.io/unreachable",
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {
      phase: "Running",
      conditions: CONDITIONS.map(condition),
      hostIP: "192.168.0.1",
      podIP: addresses[0],
      podIPs: addresses.map((ip) => ({ ip })),
      startTime: CREATED,
      containerStatuses: [
        {
          name: "app",
          state: { running: { startedAt: CREATED } },
          lastState: {},
          ready: true,
          restartCount: 0,
          image: container.image,
          imageID: `registry.example.com/team/${owner}@sha256:${"0123456789abcdef".repeat(4)}`,
          containerID: `containerd://${"fedcba9876543210".repeat(4)}`,
          started: true,
        },
      ],
      qosClass: "Burstable",
    },
  })
}

const CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
const FIELDS_OF_STATUS = Object.fromEntries(
  CONDITIONS.map((type) => [
    type,
    { ".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {} },
  ]),
)

function managed(manager: string, fields: object) {
  const fieldsV1 = Object.fromEntries(
    Object.keys(fields).map((key) => [`f:${key}`, { ".": {}, "f:type": {} }]),
  )
  return { manager, operation: "Update", apiVersion: "v1", time: CREATED, fieldsType: "FieldsV1", fieldsV1 }
}

function namespaceText({ name, labels }: Namespace, index: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      uid: `${name}-uid`,
      resourceVersion: String(index + 1),
      creationTimestamp: CREATED,
      labels,
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  })
}

/** Without it no agent is served: nobody has said whether policies are enforced. */
function settingsText(): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "postern", namespace: "postern-system", uid: "postern-uid", resourceVersion: "1" },
    data: { enforcement: "enforce" },
  })
}

function nodeText({ name, labels, addresses, podCIDRs }: Node, index: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      uid: `${name}-uid`,
      resourceVersion: String(index + 1),
      creationTimestamp: CREATED,
      labels,
    },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
  })
}

export function policyText({ apiVersion, kind, metadata, spec }: PolicyObject, index: number): string {
  const { namespace, name } = metadata
  return JSON.stringify({
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid: `${namespace}-${name}-uid`,
      resourceVersion: String(index + 1),
      generation: 1,
      creationTimestamp: CREATED,
    },
    spec,
  })
}
