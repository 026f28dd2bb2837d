// One row for every mistake in objects of other kinds, and in what all objects have.

import { expect, test } from "vitest"
import { expectedOf, readText, toldOf, unmarked } from "./marked.ts"

type Row = readonly [name: string, text: string, ...told: readonly string[]]

const policy = (metadata: string, rest = "spec: { podSelector: {} }") =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ${metadata}\n${rest}`
const pod = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n${spec}`
const assertion = (spec: string) =>
  `apiVersion: postern.dev/v1alpha1\nkind: ConnectivityAssertion\nmetadata: { name: a }\nspec: ${spec}`

const types: readonly Row[] = [
  ["a document of another program", "▸replicas: 3", "PNP0120"],
  ["a list", "▸- a", "PNP0120"],
  ["plain text", "▸hello", "PNP0120"],
  ["Chart.yaml has no kind", "▸apiVersion: v2\nname: chart", "PNP0120"],
  ["an object without kind", "▸apiVersion: networking.k8s.io/v1\nmetadata: { name: a }", "PNP0121"],
  ["an object without apiVersion", "▸kind: NetworkPolicy\nspec: {}", "PNP0121"],
  ["an item of a list", "apiVersion: v1\nkind: List\nitems:\n  - ▸metadata: { name: a }", "PNP0120"],
  ["an old version", "apiVersion: ▸extensions/v1beta1\nkind: NetworkPolicy", "PNP0122 apiVersion"],
  ["a version to come", "apiVersion: ▸networking.k8s.io/v2\nkind: NetworkPolicy", "PNP0122 apiVersion"],
  ["a misspelt group", "apiVersion: ▸networkin.k8s.io/v1\nkind: NetworkPolicy", "PNP0122 apiVersion"],
  ["another API", "apiVersion: ▸projectcalico.org/v3\nkind: NetworkPolicy", "PNP0123 apiVersion"],
  ["a misspelt kind", "apiVersion: networking.k8s.io/v1\nkind: ▸NetworkPolcy", "PNP0124 kind"],
  ["a kind in lower case", "apiVersion: networking.k8s.io/v1\nkind: ▸networkpolicy", "PNP0124 kind"],
]

const metadata: readonly Row[] = [
  ["no name", policy("▸{}"), "PNP0202 metadata"],
  ["an empty name", policy('{ name: ▸"" }'), "PNP0126 metadata.name"],
  ["a name with upper case", policy("{ name: ▸Web }"), "PNP0126 metadata.name"],
  ["a name with _", policy("{ name: ▸a_b }"), "PNP0126 metadata.name"],
  ["a name that ends with .", policy("{ name: ▸a. }"), "PNP0126 metadata.name"],
  ["a name of 254 characters", policy(`{ name: ▸${"a".repeat(254)} }`), "PNP0126 metadata.name"],
  ["a name that is a number", policy("{ name: ▸1 }"), "PNP0203 metadata.name"],
  ["a prefix of a name that is none", policy("{ generateName: ▸A }"), "PNP0126 metadata.generateName"],
  ["a namespace with .", policy("{ name: a, namespace: ▸a.b }"), "PNP0126 metadata.namespace"],
  [
    "no metadata",
    "▸apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: { podSelector: {} }",
    "PNP0202",
  ],
  ["no spec", "▸apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }", "PNP0202"],
  ["a misspelt field of metadata", policy("{ name: a, ▸label: {} }"), "PNP0201 metadata.label"],
  ["a misspelt spec", policy("{ name: a }", "spec: { podSelector: {} }\n▸sepc: {}"), "PNP0201 sepc"],
  ["a label of a policy", policy("{ name: a, labels: { ▸-a: b } }"), 'PNP0210 metadata.labels["-a"]'],
  [
    "a label that is a boolean",
    pod("").replace("name: a", "name: a, labels: { a: ▸true }"),
    "PNP0203 metadata.labels.a",
  ],
  [
    "a label of a pod",
    pod("").replace("name: a", "name: a, labels: { a: ▸b c }"),
    "PNP0211 metadata.labels.a",
  ],
  [
    "a namespace's name with .",
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: ▸a.b }",
    "PNP0126 metadata.name",
  ],
  [
    "a namespace that claims another name",
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: a, labels: { kubernetes.io/metadata.name: ▸b } }",
    'PNP0128 metadata.labels["kubernetes.io/metadata.name"]',
  ],
  [
    "a namespace with an enforcement mode that there is not",
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: a, labels: { postern.dev/enforcement: ▸Observe } }",
    'PNP0130 metadata.labels["postern.dev/enforcement"]',
  ],
  [
    "a namespace in a namespace",
    "apiVersion: v1\nkind: Namespace\nmetadata: { name: a, namespace: ▸b }",
    "PNP0129 metadata.namespace",
  ],
]

const duplicates: readonly Row[] = [
  [
    "the same policy twice",
    `${policy("{ name: a }")}\n---\n▸${policy("{ name: a, namespace: default }")}`,
    "PNP0125",
  ],
  [
    "the same pod twice in a list",
    `apiVersion: v1\nkind: PodList\nitems:\n  - metadata: { name: a }\n  - ▸metadata: { name: a }`,
    "PNP0125",
  ],
]

const cluster: readonly Row[] = [
  [
    "a port that is a string",
    pod("spec: { containers: [{ ports: [{ containerPort: ▸http }] }] }"),
    "PNP0203 spec.containers[0].ports[0].containerPort",
  ],
  [
    "a port without number",
    pod("spec: { containers: [{ ports: [▸{ name: http }] }] }"),
    "PNP0202 spec.containers[0].ports[0]",
  ],
  [
    "a port out of range",
    pod("spec: { containers: [{ ports: [{ containerPort: ▸70000 }] }] }"),
    "PNP0308 spec.containers[0].ports[0].containerPort",
  ],
  [
    "a protocol that there is not",
    pod("spec: { containers: [{ ports: [{ containerPort: 1, protocol: ▸udp }] }] }"),
    "PNP0204 spec.containers[0].ports[0].protocol",
  ],
  [
    "an address that is none",
    pod("status: { podIPs: [{ ip: ▸10.0.0.256 }] }"),
    "PNP0127 status.podIPs[0].ip",
  ],
  ["an address with leading zeros", pod("status: { podIP: ▸010.0.0.1 }"), "PNP0127 status.podIP"],
  [
    "an address of a node",
    "apiVersion: v1\nkind: Node\nmetadata: { name: a }\nstatus: { addresses: [{ type: InternalIP, address: ▸a }] }",
    "PNP0127 status.addresses[0].address",
  ],
  [
    "a pod range of a node",
    "apiVersion: v1\nkind: Node\nmetadata: { name: a }\nspec: { podCIDRs: [▸10.0.0.0] }",
    "PNP0301 spec.podCIDRs[0]",
  ],
  [
    "an address of a Service",
    "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { clusterIP: ▸auto }",
    "PNP0127 spec.clusterIP",
  ],
  [
    "a workload without template",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: ▸{ replicas: 1 }",
    "PNP0202 spec",
  ],
  [
    "a label of a template",
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: a }\nspec: { jobTemplate: { spec: { template: { metadata: { labels: { a: ▸b c } } } } } }",
    "PNP0211 spec.jobTemplate.spec.template.metadata.labels.a",
  ],
]

const assertions: readonly Row[] = [
  ["no case", assertion("▸{}"), "PNP0140 spec"],
  [
    "a case beside cases",
    assertion("{ ▸from: a/b, cases: [{ from: a/b, to: c/d, ports: [80/TCP], expect: Deny }] }"),
    "PNP0140 spec.from",
  ],
  ["half a case", assertion("▸{ from: a/b, to: c/d, ports: [80/TCP] }"), "PNP0202 spec"],
  [
    "half a case in a list",
    assertion("{ cases: [▸{ from: a/b, ports: [80/TCP], expect: Deny }] }"),
    "PNP0202 spec.cases[0]",
  ],
  ["an empty list of cases", assertion("{ cases: ▸[] }"), "PNP0205 spec.cases"],
  [
    "an empty list of ports",
    assertion("{ from: a/b, to: c/d, ports: ▸[], expect: Deny }"),
    "PNP0205 spec.ports",
  ],
  [
    "a verdict that there is not",
    assertion("{ from: a/b, to: c/d, ports: [80/TCP], expect: ▸deny }"),
    "PNP0204 spec.expect",
  ],
  [
    "a port that is none",
    assertion("{ from: a/b, to: c/d, ports: [80/TCP, ▸90-80/TCP], expect: Deny }"),
    "PNP0908 spec.ports[1]",
  ],
  [
    "a misspelt field",
    assertion("{ from: a/b, to: c/d, ports: [80/TCP], expect: Deny, ▸form: a/b }"),
    "PNP0201 spec.form",
  ],
  [
    "a port that is a number",
    assertion("{ from: a/b, to: c/d, ports: [▸80], expect: Deny }"),
    "PNP0203 spec.ports[0]",
  ],
]

const good = "\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: good }\n"
const beside = types.map(([name, text, ...told]): Row => [name, `${text}${good}`, ...told])

test.for([...beside, ...metadata, ...duplicates, ...cluster, ...assertions])("%s", ([, marked, ...told]) => {
  const { text, places } = unmarked(marked)
  expect(readText(text).diagnostics.map(toldOf)).toEqual(expectedOf(places, told))
})

test("a duplicate says where the first is", () => {
  const { diagnostics } = readText(`${policy("{ name: a }")}\n---\n${policy("{ name: a }")}`)
  expect(diagnostics.map(({ message, object }) => [message, object])).toEqual([
    [
      "NetworkPolicy default/a is given twice; the first is at -:1",
      { kind: "NetworkPolicy", namespace: "default", name: "a" },
    ],
  ])
})

test.for([
  [
    "a policy with status and managedFields, as kubectl prints it",
    policy(
      "{ name: a, managedFields: [], creationTimestamp: null, uid: u }",
      "spec: { podSelector: {} }\nstatus: {}",
    ),
  ],
  ["unknown fields of other kinds", pod("spec: { containers: [{ prots: [] }] }\nextra: 1")],
  [
    "a name that the API server would complete",
    `${policy("{ generateName: a- }")}\n---\n${policy("{ generateName: a- }")}`,
  ],
  ["a headless Service", "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { clusterIP: None }"],
  [
    "other kinds",
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: a }\nspec: { rules: 1 }",
  ],
])("%s is good", ([, text = ""]) => {
  expect(readText(text).diagnostics).toEqual([])
})
