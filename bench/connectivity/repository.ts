// A repository of manifests as a platform team has it: a directory for each namespace, a file for each object.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createRandom, type Random } from "../random.ts"

const NAMESPACES = 20
const WORKLOADS_EACH = 50
const POLICIES_EACH = 25
const SEED = 20261121

export function writeRepository(directory: string): void {
  const random = createRandom(SEED)
  for (let n = 0; n < NAMESPACES; n++) {
    const namespace = `team-${n}`
    const place = join(directory, namespace)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, "namespace.yaml"), namespaceText(namespace, n))
    for (let i = 0; i < WORKLOADS_EACH; i++) {
      writeFileSync(join(place, `app-${i}.yaml`), deploymentText(namespace, i))
    }
    for (let i = 0; i < POLICIES_EACH; i++) {
      writeFileSync(join(place, `policy-${i}.yaml`), policyText(namespace, i, random))
    }
  }
}

function namespaceText(namespace: string, n: number): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels: {stage: ${n % 2 === 0 ? "production" : "staging"}, group: g${n % 5}}
`
}

function deploymentText(namespace: string, i: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-${i}
  namespace: ${namespace}
  labels: {app: app-${i}}
spec:
  replicas: 2
  selector:
    matchLabels: {app: app-${i}}
  template:
    metadata:
      labels: {app: app-${i}, tier: ${["web", "api", "data"][i % 3]}}
    spec:
      containers:
        - name: main
          image: registry.example.com/app-${i}:1.0
          ports:
            - {name: http, containerPort: ${8000 + (i % 7)}}
            - {name: metrics, containerPort: 9090}
          resources:
            requests: {cpu: 100m, memory: 64Mi}
`
}

/** One in five closes a tier, the others open an app to some of their neighbours, to a stage, or to addresses. */
function policyText(namespace: string, i: number, random: Random): string {
  const net = random.below(64)
  const subject =
    i % 5 === 0
      ? `tier: ${["web", "api", "data"][random.below(3)]}`
      : `app: app-${random.below(WORKLOADS_EACH)}`
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: policy-${i}
  namespace: ${namespace}
spec:
  podSelector:
    matchLabels: {${subject}}
  policyTypes: [Ingress${i % 3 === 0 ? ", Egress" : ""}]
  ingress:
    - from:
        - podSelector:
            matchLabels: {app: app-${random.below(WORKLOADS_EACH)}}
        - namespaceSelector:
            matchLabels: {group: g${random.below(5)}}
          podSelector:
            matchLabels: {tier: api}
      ports:
        - {port: http}
        - {protocol: TCP, port: 9090}
    - from:
        - ipBlock: {cidr: 10.${net}.0.0/16, except: [10.${net}.7.0/24]}
      ports:
        - {protocol: TCP, port: 443}
${
  i % 3 === 0
    ? `  egress:
    - to:
        - namespaceSelector: {}
          podSelector:
            matchLabels: {tier: data}
    - ports:
        - {protocol: UDP, port: 53}
`
    : ""
}`
}
