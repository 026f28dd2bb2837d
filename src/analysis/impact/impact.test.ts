import { expect, test } from "vitest"
import { networkPolicy, pod, snapshot } from "../../../test/snapshots.ts"
import type { ImpactReport } from "../../api/impact-report.ts"
import { changesTo } from "../../compile/compile.ts"
import type { Change, Enforcement, Pod, PolicyObject } from "../../compile/snapshot.ts"
import { lower } from "../../kinds/registry.ts"
import { createModel } from "../model.ts"
import { impactOf } from "./impact.ts"

const denyAll = networkPolicy("deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
const dbFromWeb = networkPolicy("db", {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }, { port: 9090 }] },
  ],
})
const dbOnePort = networkPolicy("db", {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }] }],
})
const webToOffice = networkPolicy("web", {
  podSelector: { matchLabels: { app: "web" } },
  egress: [{ to: [{ ipBlock: { cidr: "198.51.100.0/24" } }] }],
  policyTypes: ["Egress"],
})

const webController = { kind: "ReplicaSet", name: "web-1" }
const web = (name: string): Pod =>
  pod(name, { labels: { app: "web" }, addresses: [`10.0.0.${name.length}`], controller: webController })
const pods = [
  web("web-a"),
  web("web-bb"),
  pod("db", { addresses: ["10.0.1.1"], node: "node-b" }),
  pod("coredns", {
    namespace: "kube-system",
    addresses: ["10.0.1.2"],
    labels: { "k8s-app": "kube-dns" },
    node: "node-c",
  }),
]

function set(value: PolicyObject): Change {
  return { kind: "policy", op: "set", value }
}

function gone({ kind, metadata: { namespace, name } }: PolicyObject): Change {
  return { kind: "policy", op: "delete", policyKind: kind, namespace, name }
}

interface Asked {
  readonly policies?: readonly PolicyObject[]
  readonly changes: readonly Change[]
  readonly enforcement?: Enforcement
}

function reportOf({ policies = [], changes, enforcement = "enforce" }: Asked): ImpactReport {
  const model = createModel({ lower, enforcement })
  model.apply(changesTo(snapshot({ namespaces: { shop: {}, "kube-system": {} }, pods, policies })))
  return impactOf({ model, changes, operation: "UPDATE" })
}

/** Workloads only: "shop/web-1 > shop/db: TCP 80 (why)". */
function told({ listed }: ImpactReport["appearing"]): readonly string[] {
  return listed.flatMap(({ source, destination, changed, decidedBy, dns }) =>
    "range" in source || "range" in destination
      ? []
      : [`${dns ? "DNS " : ""}${source.name} > ${destination.name}: ${changed} (${decidedBy})`],
  )
}

const DENIED = "isolated by NetworkPolicy shop/deny-all, and no rule accepts this"

test("a default-deny tells of DNS first, then of its own namespace, and who decides then", () => {
  const report = reportOf({ changes: [set(denyAll)] })
  expect(told(report.disappearing)).toEqual([
    `DNS web-1 > coredns: All Connections (egress of shop/web-1[ReplicaSet]: ${DENIED})`,
    `DNS db > coredns: All Connections (egress of shop/db[Pod]: ${DENIED})`,
    `db > web-1: All Connections (ingress of shop/web-1[ReplicaSet]: ${DENIED}; egress of shop/db[Pod]: ${DENIED})`,
    `web-1 > db: All Connections (ingress of shop/db[Pod]: ${DENIED}; egress of shop/web-1[ReplicaSet]: ${DENIED})`,
    `coredns > web-1: All Connections (ingress of shop/web-1[ReplicaSet]: ${DENIED})`,
    `coredns > db: All Connections (ingress of shop/db[Pod]: ${DENIED})`,
  ])
  expect(report).toMatchObject({
    complete: true,
    enforcement: "enforce",
    isolated: { ingress: { pods: 3 }, egress: { pods: 3 } },
    disappearing: { pairs: 10, observed: 0 },
    appearing: { pairs: 0, listed: [] },
    nodes: ["node-a", "node-b"],
  })
})

const fromWeb = { from: [{ podSelector: { matchLabels: { app: "web" } } }] }
const fromDb = { from: [{ podSelector: { matchLabels: { app: "db" } } }] }
const fromSystem = {
  from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
}
const dbFrom = (...ingress: readonly unknown[]): PolicyObject =>
  networkPolicy("db", { podSelector: { matchLabels: { app: "db" } }, ingress })
const shopFrom = (...ingress: readonly unknown[]): PolicyObject =>
  networkPolicy("shop", { podSelector: {}, ingress })

/** Without who decides. */
test.for<[string, Asked, readonly string[], readonly string[]]>([
  [
    "a rule that goes",
    { policies: [dbFrom(fromWeb, fromSystem)], changes: [set(dbFrom(fromWeb))] },
    ["coredns > db"],
    [],
  ],
  [
    "a rule that comes",
    { policies: [dbFrom(fromWeb)], changes: [set(dbFrom(fromSystem, fromWeb))] },
    [],
    ["coredns > db"],
  ],
  [
    "rules that change places",
    { policies: [dbFrom(fromWeb, fromSystem)], changes: [set(dbFrom(fromSystem, fromWeb))] },
    [],
    [],
  ],
  [
    "other peers, which are subjects themselves",
    { policies: [shopFrom(fromDb)], changes: [set(shopFrom(fromWeb))] },
    ["db > web-1"],
    ["web-1 > db"],
  ],
  [
    "a peer that is a subject itself, to one that is no peer",
    { policies: [shopFrom(fromDb, fromWeb)], changes: [set(shopFrom(fromWeb))] },
    ["db > web-1"],
    [],
  ],
  [
    "the same rules for other subjects",
    { policies: [dbFrom(fromWeb)], changes: [set(shopFrom(fromWeb)), gone(dbFrom())] },
    ["db > web-1", "coredns > web-1"],
    [],
  ],
])("only who a rule speaks of: %s", ([, asked, disappearing, appearing]) => {
  const report = reportOf(asked)
  const pairs = (connections: ImpactReport["appearing"]) =>
    told(connections).map((line) => line.slice(0, line.indexOf(":")))
  expect([pairs(report.disappearing), pairs(report.appearing)]).toEqual([disappearing, appearing])
})

test.for<[string, Asked, readonly string[], readonly string[]]>([
  [
    "a port that goes is a part of a connection",
    { policies: [dbFromWeb], changes: [set(dbOnePort)] },
    [
      "web-1 > db: TCP 9090 (ingress of shop/db[Pod]: isolated by NetworkPolicy shop/db, and no rule accepts this)",
    ],
    [],
  ],
  [
    "a rule that comes says which it is",
    {
      policies: [denyAll, webToOffice, dbOnePort],
      changes: [set(dbFromWeb), gone(denyAll), gone(webToOffice)],
    },
    [],
    [
      "DNS web-1 > coredns: All Connections (egress of shop/web-1[ReplicaSet]: no policy isolates it for egress)",
      "DNS db > coredns: All Connections (egress of shop/db[Pod]: no policy isolates it for egress)",
      "db > web-1: All Connections (ingress of shop/web-1[ReplicaSet]: no policy isolates it for ingress; egress of shop/db[Pod]: no policy isolates it for egress)",
      "web-1 > db: TCP 5432,9090 (egress of shop/web-1[ReplicaSet]: no policy isolates it for egress)",
      "coredns > web-1: All Connections (ingress of shop/web-1[ReplicaSet]: no policy isolates it for ingress)",
    ],
  ],
  [
    "a pod that comes is new",
    {
      policies: [denyAll],
      changes: [{ kind: "pod", op: "set", value: pod("new", { namespace: "lab", addresses: ["10.0.2.1"] }) }],
    },
    [],
    [
      "DNS new > coredns: All Connections (lab/new[Pod] is new)",
      "coredns > new: All Connections (lab/new[Pod] is new)",
    ],
  ],
  [
    "a workload whose last pod goes is there no longer",
    {
      policies: [denyAll],
      changes: [{ kind: "pod", op: "delete", namespace: "kube-system", name: "coredns" }],
    },
    [],
    [],
  ],
  [
    "a namespace that is enforced from now on loses what was only counted",
    {
      policies: [dbOnePort],
      enforcement: "observe",
      changes: [
        {
          kind: "namespace",
          op: "set",
          value: {
            name: "shop",
            labels: { "kubernetes.io/metadata.name": "shop", "postern.dev/enforcement": "enforce" },
          },
        },
      ],
    },
    [
      "web-1 > db: TCP 1-5431,5433-65535,UDP 1-65535,SCTP 1-65535 (ingress of shop/db[Pod]: isolated by NetworkPolicy shop/db, and no rule accepts this)",
      "coredns > db: All Connections (ingress of shop/db[Pod]: isolated by NetworkPolicy shop/db, and no rule accepts this)",
    ],
    [],
  ],
])("%s", ([, asked, lost, come]) => {
  const report = reportOf(asked)
  expect([told(report.disappearing), told(report.appearing)]).toEqual([lost, come])
})

test("addresses that change alike are one run, whatever other policies cut them into", () => {
  const cut = networkPolicy("other", {
    podSelector: { matchLabels: { app: "db" } },
    policyTypes: ["Egress"],
    egress: [{ to: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }],
  })
  const { disappearing } = reportOf({ policies: [cut], changes: [set(webToOffice)] })
  const ranges = disappearing.listed.flatMap(({ destination }) =>
    "range" in destination ? [destination.range] : [],
  )
  expect(ranges).toEqual(["0.0.0.0-198.51.99.255", "198.51.101.0-255.255.255.255"])
})

test("what is observed is told as if it were enforced, and said", () => {
  const report = reportOf({ changes: [set(denyAll)], enforcement: "observe" })
  expect(report).toMatchObject({ enforcement: "observe", disappearing: { pairs: 10, observed: 10 } })
})

test.for<[string, Asked]>([
  [
    "the same spec with other annotations",
    {
      policies: [denyAll],
      changes: [set({ ...denyAll, metadata: { ...denyAll.metadata, annotations: { a: "b" } } })],
    },
  ],
  ["a policy that is not there goes", { changes: [gone(denyAll)] }],
  [
    "a second policy that says what the first says",
    { policies: [denyAll], changes: [set({ ...denyAll, metadata: { ...denyAll.metadata, name: "again" } })] },
  ],
])("nothing appears or disappears: %s", ([, asked]) => {
  const { appearing, disappearing, isolated, complete } = reportOf(asked)
  expect([appearing.pairs, disappearing.pairs, isolated.ingress.pods, complete]).toEqual([0, 0, 0, true])
})

test("pods that come isolated are a note, since they were never open", () => {
  const { isolated, notes } = reportOf({
    policies: [denyAll],
    changes: [{ kind: "pod", op: "set", value: pod("new", { addresses: ["10.0.2.1"] }) }],
  })
  expect(isolated.ingress.pods).toBe(0)
  expect(notes).toEqual([
    "1 pod that comes is ingress-isolated from the start",
    "1 pod that comes is egress-isolated from the start",
  ])
})

test("past the deadline the report says that it is not complete", () => {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot({ pods })))
  const report = impactOf({
    model,
    changes: [set(denyAll)],
    operation: "CREATE",
    deadline: { expired: () => true },
  })
  expect(report).toMatchObject({
    complete: false,
    isolated: { ingress: { pods: 3 } },
    disappearing: { pairs: 0 },
  })
})

test("only so many are listed, and all are counted", () => {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot({ pods })))
  const { disappearing, isolated, notes } = impactOf({
    model,
    changes: [set(denyAll)],
    operation: "CREATE",
    limit: 1,
  })
  expect([disappearing.pairs, disappearing.listed.length]).toEqual([10, 1])
  expect([isolated.ingress.pods, isolated.ingress.workloads.length]).toEqual([3, 1])
  expect(notes).toEqual(["at most 1 connections of each kind are listed, the most telling first"])
})
