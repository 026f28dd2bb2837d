// Which changes lock the cluster, and which only look like it.

import { expect, test } from "vitest"
import { lockouts } from "../../src/analysis/lint/lockouts.ts"
import type { Labels, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { app, dnsPod, egress, modelOf, namespace, node, pod, policy, shop, toDns } from "../lint-clusters.ts"

const dns = { matchLabels: { "k8s-app": "kube-dns" } }
const postern = { matchLabels: { "app.kubernetes.io/name": "postern" } }
const component = (name: string) => ({ matchLabels: { "app.kubernetes.io/component": name } })
const controller = pod("postern-system/controller", {
  labels: { "app.kubernetes.io/name": "postern", "app.kubernetes.io/component": "controller" },
})
const webhook = pod("postern-system/webhook", {
  labels: { "app.kubernetes.io/name": "postern", "app.kubernetes.io/component": "webhook" },
})
const master = node("master", {
  addresses: ["192.168.1.1"],
  labels: { "node-role.kubernetes.io/control-plane": "" },
})
const cluster: Snapshot = {
  ...shop,
  namespaces: [...shop.namespaces, namespace("postern-system")],
  pods: [...shop.pods, controller, webhook],
  nodes: [...shop.nodes, master],
}

const closedDns = policy("kube-system/closed", { podSelector: dns, policyTypes: ["Ingress"] })
const closedAll = policy("kube-system/closed", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
const open = (protocol: string, port: number, peers?: readonly object[]) => ({
  ports: [{ protocol, port }],
  ...(peers === undefined ? {} : { from: peers }),
})
const named = (port: string) => ({ ports: [{ protocol: "UDP", port }] })
const openDns = (rule: object, name = "open") =>
  policy(`kube-system/${name}`, { podSelector: dns, ingress: [rule] })
const out = (name: string, selector: object, rule: object) =>
  policy(name, { podSelector: selector, policyTypes: ["Egress"], egress: [rule] })
const everyone = [{ namespaceSelector: {} }]
const onHost = {
  ...cluster,
  pods: cluster.pods.map((each) => (each === dnsPod ? { ...each, hostNetwork: true } : each)),
}
const observedDns = {
  ...cluster,
  namespaces: cluster.namespaces.map((each) =>
    each.name === "kube-system" ? namespace("kube-system", { "postern.dev/enforcement": "observe" }) : each,
  ),
}

interface Row {
  readonly before: readonly PolicyObject[]
  readonly after: readonly PolicyObject[]
  readonly told: readonly string[]
  readonly cluster?: Snapshot
  readonly annotations?: Labels
}

const DNS = "PNP0471"
const API = "PNP0472"
const AGENTS = "PNP0473"
const MEANT = "PNP0474"
const LOST = "PNP0463"

test.for<[string, Row]>([
  ["a default-deny for cluster DNS", { before: [], after: [closedDns], told: [DNS] }],
  ["a default-deny for the whole of kube-system", { before: [], after: [closedAll], told: [DNS, API] }],
  [
    "a default-deny beside a policy that lets DNS in",
    { before: [openDns(open("UDP", 53))], after: [openDns(open("UDP", 53)), closedDns], told: [] },
  ],
  [
    "the policy that lets DNS in goes, the default-deny stays",
    { before: [closedDns, openDns(open("UDP", 53))], after: [closedDns], told: [DNS] },
  ],
  ["the default-deny goes", { before: [closedDns], after: [], told: [] }],
  [
    "one of two policies that let DNS in goes",
    {
      before: [openDns(open("UDP", 53)), openDns(open("UDP", 53), "too")],
      after: [openDns(open("UDP", 53))],
      told: [],
    },
  ],
  [
    "what was cut off before is not this change's doing",
    { before: [closedDns], after: [closedDns, openDns(open("TCP", 9153))], told: [] },
  ],
  [
    "TCP alone is no DNS: resolvers ask by UDP",
    { before: [], after: [openDns(open("TCP", 53))], told: [DNS] },
  ],
  ["the port by its name", { before: [], after: [openDns(named("dns"))], told: [] }],
  ["a name that DNS pods do not have", { before: [], after: [openDns(named("dsn"))], told: [DNS] }],
  ["the name of another protocol's port", { before: [], after: [openDns(named("dns-tcp"))], told: [DNS] }],
  [
    "the API server's port has no name",
    { before: [], after: [out("kube-system/out", dns, { ports: [{ port: "https" }] })], told: [API] },
  ],
  ["every port holds 53", { before: [], after: [openDns({ from: everyone })], told: [] }],
  [
    "peers that match nobody let nobody in",
    { before: [], after: [openDns(open("UDP", 53, [{ podSelector: app("gone") }]))], told: [DNS] },
  ],
  [
    "another pod of kube-system",
    { before: [], after: [policy("kube-system/other", { podSelector: app("metrics") })], told: [] },
  ],
  [
    "cluster DNS on the host network is none of a policy's business",
    { before: [], after: [closedDns], told: [], cluster: onHost },
  ],
  [
    "what is denied in an observed namespace is only counted",
    { before: [], after: [closedAll], told: [], cluster: observedDns },
  ],
  [
    "a cluster whose DNS pods are unknown",
    { before: [], after: [closedAll], told: [], cluster: { ...cluster, pods: [] } },
  ],
  [
    "meant, says the object",
    { before: [], after: [closedDns], told: [MEANT], annotations: { "postern.dev/allow-lockout": "true" } },
  ],
  [
    "any other word means nothing",
    { before: [], after: [closedDns], told: [DNS], annotations: { "postern.dev/allow-lockout": "yes" } },
  ],

  [
    "cluster DNS may ask nobody but itself",
    { before: [], after: [out("kube-system/out", dns, toDns)], told: [API] },
  ],
  [
    "cluster DNS may reach the control plane's address",
    {
      before: [],
      after: [out("kube-system/out", dns, { to: [{ ipBlock: { cidr: "192.168.1.1/32" } }] })],
      told: [],
    },
  ],
  [
    "a block without the control plane",
    {
      before: [],
      after: [out("kube-system/out", dns, { to: [{ ipBlock: { cidr: "192.168.2.0/24" } }] })],
      told: [API],
    },
  ],
  [
    "where the control plane is unknown any block may hold it",
    {
      before: [],
      after: [out("kube-system/out", dns, { to: [{ ipBlock: { cidr: "192.168.2.0/24" } }] })],
      told: [],
      cluster: { ...cluster, nodes: shop.nodes },
    },
  ],
  [
    "but everybody's pods may not",
    {
      before: [],
      after: [out("kube-system/out", dns, { to: everyone })],
      told: [API],
      cluster: { ...cluster, nodes: shop.nodes },
    },
  ],
  [
    "a selector never holds the API server",
    { before: [], after: [out("kube-system/out", dns, { to: everyone })], told: [API] },
  ],
  [
    "no component of Postern may reach the API server",
    { before: [], after: [out("postern-system/out", postern, toDns)], told: [API, API] },
  ],
  [
    "the controller may not reach the API server, the webhook may",
    { before: [], after: [out("postern-system/out", component("controller"), toDns)], told: [API] },
  ],
  [
    "the webhook may not reach the API server, the controller may",
    { before: [], after: [out("postern-system/out", component("webhook"), toDns)], told: [API] },
  ],
  [
    "the webhook could not reach the API server before, and the controller cannot after it",
    {
      before: [out("postern-system/webhook", component("webhook"), toDns)],
      after: [
        out("postern-system/webhook", component("webhook"), toDns),
        out("postern-system/controller", component("controller"), toDns),
      ],
      told: [API],
    },
  ],
  [
    "Postern may, by its port; names it can no longer look up",
    { before: [], after: [out("postern-system/out", postern, { ports: [{ port: 6443 }] })], told: [LOST] },
  ],

  [
    "the controller is closed to its agents",
    { before: [], after: [policy("postern-system/in", { podSelector: postern })], told: [AGENTS] },
  ],
  [
    "nodes are no pods: a selector does not let agents in",
    {
      before: [],
      after: [policy("postern-system/in", { podSelector: postern, ingress: [{ from: everyone }] })],
      told: [AGENTS],
    },
  ],
  [
    "the nodes' block with the controller's port",
    {
      before: [],
      after: [
        policy("postern-system/in", {
          podSelector: postern,
          ingress: [open("TCP", 10650, [{ ipBlock: { cidr: "192.168.1.0/24" } }])],
        }),
      ],
      told: [],
    },
  ],
  [
    "the nodes' block with another port",
    {
      before: [],
      after: [
        policy("postern-system/in", {
          podSelector: postern,
          ingress: [open("TCP", 443, [{ ipBlock: { cidr: "192.168.1.0/24" } }])],
        }),
      ],
      told: [AGENTS],
    },
  ],
  [
    "the webhook alone is no stream of agents",
    {
      before: [],
      after: [
        policy("postern-system/in", {
          podSelector: component("webhook"),
        }),
      ],
      told: [],
    },
  ],

  [
    "a namespace without egress to DNS",
    { before: [], after: [policy("shop/out", egress("web", { to: [{ podSelector: {} }] }))], told: [LOST] },
  ],
  [
    "with it",
    {
      before: [],
      after: [policy("shop/out", egress("web", { to: [{ podSelector: {} }] }, toDns))],
      told: [],
    },
  ],
  [
    "what lost it before loses nothing",
    {
      before: [policy("shop/out", egress("web"))],
      after: [policy("shop/out", egress("web", { to: [{ podSelector: {} }] }))],
      told: [],
    },
  ],
  [
    "a policy of the DNS pods lets in two namespaces of four",
    {
      before: [],
      after: [
        openDns(
          open("UDP", 53, [
            { namespaceSelector: { matchLabels: { team: "shop" } } },
            { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } },
          ]),
        ),
      ],
      told: [LOST, LOST],
    },
  ],
  [
    "the policy that let a namespace ask goes",
    {
      before: [
        policy("shop/closed", { podSelector: {}, policyTypes: ["Egress"] }),
        policy("shop/dns", egress("web", toDns)),
      ],
      after: [policy("shop/closed", { podSelector: {}, policyTypes: ["Egress"] })],
      told: [LOST],
    },
  ],
])("%s", ([, { before, after, told, cluster: base = cluster, annotations = {} }]) => {
  const [changed = closedDns] = [
    ...after.filter((each) => !before.includes(each)),
    ...before.filter((each) => !after.includes(each)),
  ]
  const { kind, metadata } = changed
  const reference = { kind, namespace: metadata.namespace, name: metadata.name }
  const found = lockouts({
    before: modelOf({ ...base, policies: before }),
    after: modelOf({ ...base, policies: after }),
    object: reference,
    policies: [reference],
    annotations,
  })
  expect(found.map(({ code }) => code)).toEqual(told)
  expect(found.every(({ object }) => object?.name === metadata.name)).toBe(true)
})

test("a namespace that the requester may not list is not named", () => {
  const reference = { kind: "NetworkPolicy", namespace: "shop", name: "out" }
  const found = lockouts({
    before: modelOf(cluster),
    after: modelOf({
      ...cluster,
      policies: [policy("shop/out", egress("web", { to: [{ podSelector: {} }] }))],
    }),
    object: reference,
    policies: [reference],
    mayName: () => false,
  })
  expect(found.map(({ message }) => message).join()).not.toMatch(/shop|web/)
})
