// What the controllers of endpoints say of a Service, where none of them runs.
//
// Whom it sends reviews and questions, an API server of Kubernetes 1.34 looks up in EndpointSlices, one before that in
// Endpoints (cmd/kube-apiserver/app/server.go: NewEndpointServiceResolver).

interface Service {
  readonly namespace: string
  readonly name: string
}

interface Replica {
  readonly address: string
  readonly ports: Readonly<Record<string, number>>
}

export function endpointsOf({ namespace, name }: Service, replicas: readonly Replica[]): readonly object[] {
  const slices = replicas.map(({ address, ports }, i) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-${i}`, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: listed(ports),
  }))
  const subsets = replicas.map(({ address, ports }) => ({
    addresses: [{ ip: address }],
    ports: listed(ports),
  }))
  return [...slices, { apiVersion: "v1", kind: "Endpoints", metadata: { name, namespace }, subsets }]
}

function listed(ports: Replica["ports"]): readonly object[] {
  return Object.entries(ports).map(([name, port]) => ({ name, port }))
}
