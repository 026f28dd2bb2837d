// Every code of lint with a policy that it is told of and one, much alike, that it is not.

import { describe, expect, test } from "vitest"
import { lint } from "../../src/analysis/lint/lint.ts"
import { lockouts } from "../../src/analysis/lint/lockouts.ts"
import { lintCodes } from "../../src/api/codes/lint.ts"
import { type Diagnostic, fieldPathText } from "../../src/api/diagnostic.ts"
import type { Labels, Snapshot } from "../../src/compile/snapshot.ts"
import { policyKindOf } from "../../src/kinds/registry.ts"
import {
  app,
  egress,
  ingress,
  modelOf,
  namespace,
  node,
  pod,
  policy,
  ports,
  service,
  shop,
  toDns,
} from "../lint-clusters.ts"

interface Case {
  /** Specs by name; a name without namespace is of shop. */
  readonly policies: Readonly<Record<string, object>>
  /** Instead of the shop's. */
  readonly cluster?: Partial<Snapshot>
  /** Files, which may be a part. */
  readonly files?: true
  /** Of the first policy. */
  readonly annotations?: Labels
  /** What was there before: then the change is judged. */
  readonly before?: Readonly<Record<string, object>>
}

interface Row {
  readonly code: string
  readonly positive: Case
  /** Field path and a part of the message. */
  readonly at: string
  readonly says: string
  readonly negative: Case
}

const from = (...peers: readonly object[]) => ({ from: peers })
const pods = (name: string) => ({ podSelector: app(name) })
const inNamespace = (labels: Labels, ...more: readonly object[]) =>
  Object.assign({ namespaceSelector: { matchLabels: labels } }, ...more)
const block = (cidr: string, ...except: readonly string[]) => ({
  ipBlock: except.length === 0 ? { cidr } : { cidr, except },
})
const port = (port: number | string, protocol?: string) => ({
  ports: [protocol === undefined ? { port } : { port, protocol }],
})
const closed = { podSelector: {}, policyTypes: ["Ingress"] }
const withPods = (...more: Snapshot["pods"]) => ({ pods: [...shop.pods, ...more] })
const dns = { matchLabels: { "k8s-app": "kube-dns" } }
const controllers = { matchLabels: { "app.kubernetes.io/name": "postern" } }
const controller = pod("postern-system/controller", {
  labels: { "app.kubernetes.io/name": "postern", "app.kubernetes.io/component": "controller" },
})
const openFor = (number: number, protocol: string) => ({ ports: [{ port: number, protocol }] })

const ROWS: readonly Row[] = [
  {
    code: "PNP0421",
    positive: { policies: { p: ingress("Web") } },
    at: "spec.podSelector",
    says: "; Pod web has app=web",
    negative: { policies: { p: ingress("web") } },
  },
  {
    code: "PNP0421",
    positive: { policies: { p: ingress("prometheus") } },
    at: "spec.podSelector",
    says: "Pod prometheus of namespace monitoring has it",
    negative: { policies: { "monitoring/p": ingress("prometheus") } },
  },
  {
    code: "PNP0422",
    positive: { policies: { "empty/p": ingress("web") }, files: true },
    at: "spec.podSelector",
    says: "namespace empty has no pods so far",
    negative: { policies: { "shop/p": ingress("web") }, files: true },
  },
  {
    code: "PNP0423",
    positive: {
      policies: { p: ingress("node-exporter") },
      cluster: withPods(pod("shop/node-exporter", { hostNetwork: true })),
    },
    at: "spec.podSelector",
    says: "Pod node-exporter",
    negative: { policies: { p: ingress("node-exporter") }, cluster: withPods(pod("shop/node-exporter")) },
  },
  {
    code: "PNP0424",
    positive: {
      policies: { p: ingress("report") },
      cluster: withPods(pod("shop/report", { finished: true })),
    },
    at: "spec.podSelector",
    says: "has finished",
    negative: { policies: { p: ingress("report") }, cluster: withPods(pod("shop/report")) },
  },
  {
    code: "PNP0425",
    positive: { policies: { p: ingress("web", from(inNamespace({ team: "SRE" }))) } },
    at: "spec.ingress[0].from[0].namespaceSelector",
    says: "; namespace monitoring has team=sre",
    negative: { policies: { p: ingress("web", from(inNamespace({ team: "sre" }))) } },
  },
  {
    code: "PNP0426",
    positive: { policies: { p: ingress("db", from(pods("wbe"))) } },
    at: "spec.ingress[0].from[0]",
    says: "; Pod web has app=web",
    negative: { policies: { p: ingress("db", from(pods("web"))) } },
  },
  {
    code: "PNP0426",
    positive: { policies: { p: ingress("db", from(pods("prometheus"))) }, files: true },
    at: "spec.ingress[0].from[0]",
    says: "Pod prometheus of namespace monitoring has it",
    negative: {
      policies: { p: ingress("db", from({ podSelector: app("later") })) },
      cluster: withPods(pod("shop/later", { finished: true })),
    },
  },
  {
    code: "PNP0427",
    positive: {
      policies: { p: ingress("web", from(inNamespace({ "kubernetes.io/metadata.name": "ingress-nginx" }))) },
      files: true,
    },
    at: "spec.ingress[0].from[0].namespaceSelector",
    says: "there is no namespace ingress-nginx in these files",
    negative: {
      policies: { p: ingress("web", from(inNamespace({ "kubernetes.io/metadata.name": "monitoring" }))) },
      files: true,
    },
  },
  {
    code: "PNP0428",
    positive: {
      policies: { p: ingress("web", from(pods("proxy"))) },
      cluster: withPods(pod("shop/proxy", { hostNetwork: true })),
    },
    at: "spec.ingress[0].from[0]",
    says: "Pod proxy",
    negative: { policies: { p: ingress("web", from(pods("proxy"))) }, cluster: withPods(pod("shop/proxy")) },
  },
  {
    code: "PNP0431",
    positive: { policies: { p: ingress("web", port("htpp")) } },
    at: "spec.ingress[0].ports[0]",
    says: "did you mean http?",
    negative: { policies: { p: ingress("web", port("http")) } },
  },
  {
    code: "PNP0432",
    positive: {
      policies: { p: ingress("web", port("http")) },
      cluster: withPods(pod("shop/other", { labels: { app: "web" }, ports: ports("http 80/TCP") })),
    },
    at: "spec.ingress[0].ports[0]",
    says: "8080 at Pod web, 80 at Pod other",
    negative: {
      policies: { p: ingress("web", { ports: [{ port: "http" }, { port: "metrics" }] }) },
      cluster: withPods(pod("shop/other", { labels: { app: "web" }, ports: ports("metrics 9100/TCP") })),
    },
  },
  {
    code: "PNP0432",
    positive: {
      policies: { p: ingress("web", port("http")) },
      cluster: withPods(pod("shop/other", { labels: { app: "web" } })),
    },
    at: "spec.ingress[0].ports[0]",
    says: "8080 at Pod web, missing at Pod other",
    negative: {
      policies: { p: { podSelector: {}, ingress: [port("http")] } },
      cluster: withPods(pod("shop/other", { ports: ports("http 80/TCP") })),
    },
  },
  {
    code: "PNP0433",
    positive: {
      policies: { p: ingress("web", port(80)) },
      cluster: {
        services: [
          service("shop/web", {
            selector: { app: "web" },
            ports: [{ name: "", protocol: "TCP", port: 80, targetPort: 8080 }],
          }),
        ],
      },
    },
    at: "spec.ingress[0].ports[0]",
    says: "80 is the port of Service web, which leads to 8080",
    negative: { policies: { p: ingress("silent", port(80)) } },
  },
  {
    code: "PNP0434",
    positive: {
      policies: { p: egress("web", { ...toDns, ports: [{ port: 53, protocol: "SCTP" }] }, toDns) },
    },
    at: "spec.egress[0].ports[0]",
    says: "53 is SCTP, and the pods that this leads to have it on UDP and TCP",
    negative: { policies: { p: egress("web", toDns) } },
  },
  {
    code: "PNP0435",
    positive: { policies: { p: egress("web", { to: [block("203.0.113.0/24")], ...port("https") }, toDns) } },
    at: "spec.egress[0].ports[0]",
    says: "https is a name",
    negative: { policies: { p: egress("web", { to: [block("203.0.113.0/24")], ...port(443) }, toDns) } },
  },
  {
    code: "PNP0441",
    positive: {
      policies: { first: ingress("web", from(pods("db"))), second: ingress("web", from(pods("db"))) },
    },
    at: "metadata.name",
    says: "says the same as first",
    negative: {
      policies: { first: ingress("web", from(pods("db"))), second: ingress("db", from(pods("web"))) },
    },
  },
  {
    code: "PNP0442",
    positive: { policies: { all: { ...closed, ingress: [{}] }, one: ingress("web", from(pods("db"))) } },
    at: "metadata.name",
    says: "that all would not",
    // A bare default-deny beside policies that isolate as well is there on purpose.
    negative: {
      policies: { all: { ...closed, ingress: [from({ podSelector: {} })] }, "default-deny": closed },
    },
  },
  {
    code: "PNP0443",
    positive: { policies: { p: ingress("db", from(pods("web")), { ...from(pods("web")), ...port(5432) }) } },
    at: "spec.ingress[1]",
    says: "spec.ingress[0] does not",
    negative: {
      policies: {
        p: ingress(
          "db",
          { ...from(pods("web")), ...port("sql") },
          { ...from(pods("silent")), ...port(5432) },
        ),
      },
    },
  },
  {
    code: "PNP0444",
    positive: {
      policies: {
        p: ingress("db", from(pods("web")), from({ podSelector: { matchLabels: { tier: "front" } } })),
      },
      cluster: {
        pods: shop.pods.map((each) =>
          each.name === "web" ? { ...each, labels: { app: "web", tier: "front" } } : each,
        ),
      },
    },
    at: "spec.ingress[0]",
    says: "the same pods as spec.ingress[1] for now",
    negative: { policies: { p: ingress("db", from(pods("web")), from(pods("silent"))) } },
  },
  {
    code: "PNP0446",
    positive: { policies: { p: ingress("db", from(pods("web"), inNamespace({}, pods("web")))) } },
    at: "spec.ingress[0].from[0]",
    says: "this peer adds nothing to spec.ingress[0].from[1]",
    negative: { policies: { p: ingress("db", from(pods("web"), inNamespace({ team: "sre" }))) } },
  },
  {
    code: "PNP0451",
    positive: { policies: { p: egress("web", { to: [block("10.96.0.10/32")] }, toDns) } },
    at: "spec.egress[0].to[0].ipBlock.cidr",
    says: "Service kube-system/kube-dns",
    negative: { policies: { p: egress("web", { to: [block("10.0.0.0/8")] }, toDns) } },
  },
  {
    code: "PNP0452",
    positive: { policies: { p: ingress("web", from(block("10.244.0.0/16"))) } },
    at: "spec.ingress[0].from[0].ipBlock.cidr",
    says: "10.244.0.0/16 is a block of pod addresses",
    negative: { policies: { p: ingress("web", from(block("203.0.113.0/24"))) } },
  },
  {
    code: "PNP0453",
    positive: { policies: { p: ingress("web", from(block("10.0.0.0/8"))) } },
    at: "spec.ingress[0].from[0].ipBlock.cidr",
    says: "10.0.0.0/8 holds pod addresses too",
    negative: { policies: { p: ingress("web", from(block("10.0.0.0/8", "10.244.0.0/16"))) } },
  },
  {
    code: "PNP0454",
    positive: {
      policies: { p: ingress("web", from(block("0.0.0.0/0"))) },
      cluster: { nodes: [node("worker", { podCIDRs: ["10.244.0.0/24", "fd00::/64"] })] },
    },
    at: "spec.ingress[0].from[0].ipBlock.cidr",
    says: "0.0.0.0/0 is no IPv6 address",
    negative: { policies: { p: ingress("web", from(block("0.0.0.0/0"))) } },
  },
  {
    code: "PNP0461",
    positive: { policies: { p: egress("web", { to: [pods("db")] }) } },
    at: "spec.policyTypes[0]",
    says: "Pod web can reach no DNS server",
    negative: {
      policies: {
        p: egress("web", { to: [pods("db")] }),
        dns: { podSelector: {}, policyTypes: ["Egress"], egress: [toDns] },
      },
    },
  },
  {
    code: "PNP0461",
    positive: { policies: { p: egress("web", { to: [block("10.96.0.10/32")], ...port(53, "UDP") }) } },
    at: "spec.policyTypes[0]",
    says: "10.96.0.10/32 is a Service address",
    negative: { policies: { p: egress("web", { to: [block("169.254.20.10/32")], ...port(53, "UDP") }) } },
  },
  {
    code: "PNP0462",
    positive: { policies: { p: egress("db") } },
    at: "spec.policyTypes[0]",
    says: "Pod db may open no connection at all",
    negative: { policies: { p: egress("db", {}) } },
  },
  {
    code: "PNP0463",
    positive: { before: {}, policies: { p: egress("web", { to: [pods("db")] }) } },
    at: "",
    says: "Pod web of namespace shop can ask cluster DNS now",
    negative: { before: { p: egress("web") }, policies: { p: egress("web", { to: [pods("db")] }) } },
  },
  {
    code: "PNP0471",
    positive: { before: {}, policies: { "kube-system/p": { podSelector: dns, policyTypes: ["Ingress"] } } },
    at: "",
    says: "k8s-app=kube-dns of kube-system",
    negative: {
      before: {},
      policies: { "kube-system/p": { podSelector: dns, ingress: [openFor(53, "UDP")] } },
    },
  },
  {
    code: "PNP0472",
    positive: {
      before: {},
      policies: { "kube-system/p": { podSelector: dns, policyTypes: ["Egress"], egress: [toDns] } },
    },
    at: "",
    says: "k8s-app=kube-dns of kube-system could not reach the API server",
    negative: {
      before: {},
      policies: {
        "kube-system/p": { podSelector: dns, policyTypes: ["Egress"], egress: [openFor(6443, "TCP")] },
      },
    },
  },
  {
    code: "PNP0473",
    positive: {
      before: {},
      policies: { "postern-system/p": { podSelector: controllers, ingress: [from({ podSelector: {} })] } },
      cluster: withPods(controller),
    },
    at: "",
    says: "Postern's controller in postern-system",
    negative: {
      before: {},
      policies: {
        "postern-system/p": { podSelector: controllers, ingress: [from(block("192.168.0.0/16"))] },
      },
      cluster: withPods(controller),
    },
  },
  {
    code: "PNP0474",
    positive: {
      before: {},
      policies: { "kube-system/p": { podSelector: dns, policyTypes: ["Ingress"] } },
      annotations: { "postern.dev/allow-lockout": "true" },
    },
    at: "",
    says: "PNP0471",
    negative: { before: {}, policies: { "kube-system/p": { podSelector: dns, policyTypes: ["Ingress"] } } },
  },
  {
    code: "PNP0481",
    positive: { policies: { p: ingress("web") }, annotations: { "postern.dev/ignore": "PNP0421,PNP042" } },
    at: 'metadata.annotations["postern.dev/ignore"]',
    says: '"PNP042"',
    negative: { policies: { p: ingress("web") }, annotations: { "postern.dev/ignore": "PNP0421, PNP0433" } },
  },
  {
    code: "PNP0482",
    positive: { policies: { p: ingress("web") }, annotations: { "postern.dev/ignore": "PNP0471" } },
    at: 'metadata.annotations["postern.dev/ignore"]',
    says: "errors are never ignored",
    negative: { policies: { p: ingress("web") }, annotations: { "postern.dev/ignore": "PNP0463" } },
  },
  {
    code: "PNP0314",
    positive: { policies: { p: { podSelector: app("web"), policyTypes: ["Ingress"], egress: [{}] } } },
    at: "spec.egress",
    says: "policyTypes does not name Egress",
    negative: { policies: { p: { podSelector: app("web"), egress: [{}] } } },
  },
  {
    code: "PNP0315",
    positive: { policies: { p: { podSelector: app("web"), egress: [] } } },
    at: "spec.egress",
    says: "denies no egress",
    negative: { policies: { p: { podSelector: app("web"), policyTypes: ["Egress"], egress: [] } } },
  },
]

/** Told elsewhere: what an order of priorities shadows (lint-rules.test.ts), and settings of the command line (cli/lint.test.ts). */
const ELSEWHERE = ["PNP0445", "PNP0483"]

describe.for(ROWS)("$code $says", ({ code, positive, at, says, negative }) => {
  test("is told", () => {
    const told = findingsOf(positive).filter((each) => each.code === code)
    expect(told.map(({ path = [], message }) => ({ path: fieldPathText(path), message }))).toContainEqual({
      path: at,
      message: expect.stringContaining(says),
    })
    expect(told[0]?.object).toMatchObject({ kind: "NetworkPolicy" })
  })

  test("is not told", () => {
    expect(findingsOf(negative).filter((each) => each.code === code)).toEqual([])
  })
})

test("of an empty namespace one policy is told about, and its peers there are not", () => {
  const policies = {
    "empty/b": ingress("web", from(pods("db"))),
    "empty/a": ingress("db", from(pods("web"))),
  }
  for (const files of [true, undefined] as const) {
    const found = findingsOf({ policies, ...(files === undefined ? {} : { files }) })
    expect(found.map(({ code, object }) => [code, object?.name])).toEqual([["PNP0422", "a"]])
  }
})

test("every code of the catalogue has a row", () => {
  const rows = new Set(ROWS.map(({ code }) => code))
  const all = Object.values(lintCodes).map(({ code }) => code)
  expect(all.filter((code) => !rows.has(code))).toEqual(ELSEWHERE)
})

test("a message fits into a warning of kubectl (120 characters) wherever names are short", () => {
  const messages = ROWS.filter(({ code }) => code !== "PNP0474").flatMap(({ positive }) =>
    findingsOf(positive).map(({ message }) => message),
  )
  expect(messages.filter((message) => message.length > 120)).toEqual([])
})

function findingsOf({ policies, cluster, files, annotations, before }: Case): readonly Diagnostic[] {
  const objects = policiesOf(policies, annotations)
  const snapshot = { ...shop, ...cluster, policies: objects }
  const namespaces = [...snapshot.namespaces, ...objects.map(({ metadata }) => namespace(metadata.namespace))]
  const after = modelOf({ ...snapshot, namespaces: namespaces.toReversed() })
  const [first] = objects
  if (before !== undefined && first !== undefined) {
    const { kind, metadata } = first
    const object = { kind, namespace: metadata.namespace, name: metadata.name }
    const earlier = modelOf({ ...snapshot, namespaces, policies: policiesOf(before) })
    return lockouts({
      before: earlier,
      after,
      object,
      policies: [object],
      annotations: metadata.annotations ?? {},
    })
  }
  const checked = objects.flatMap((each) =>
    (policyKindOf(each)?.check(each, "api") ?? []).map((told) => ({
      ...told,
      object: { kind: each.kind, namespace: each.metadata.namespace, name: each.metadata.name },
    })),
  )
  return [...checked, ...lint({ view: after, complete: files !== true })]
}

function policiesOf(specs: Readonly<Record<string, object>>, annotations?: Labels) {
  return Object.entries(specs).map(([name, spec], i) =>
    policy(name.includes("/") ? name : `shop/${name}`, spec, i === 0 ? annotations : undefined),
  )
}
