// A change of a small cluster, analysed as the webhook does.

import { expect, test } from "vitest"
import type { Change, PolicyObject } from "../src/compile/snapshot.ts"
import { networkPolicy, pod } from "../test/snapshots.ts"
import { policy as policyObject } from "./admission/test-reviews.ts"
import { createClusterAnalyst } from "./cluster-analyst.ts"
import { type ClusterFollower, staleText } from "./cluster-view.ts"
import { set, testCluster } from "./test-cluster.ts"

const question = (changes: readonly Change[], name = "db") => ({
  reference: { kind: "NetworkPolicy", namespace: "shop", name },
  operation: "UPDATE" as const,
  changes,
  annotations: {},
  deadline: { expired: () => false },
})
const typo = networkPolicy("db", {
  podSelector: { matchLabels: { app: "db" } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "Web" } } }] }],
})
const analyse = (changes: readonly Change[], specs: Readonly<Record<string, unknown>> = {}) =>
  createClusterAnalyst({ cluster: testCluster(specs), namespace: "postern-system" }).analyse(
    question(changes),
  )

test.for<[string, Partial<ClusterFollower>, string]>([
  ["all is known", {}, ""],
  ["a first list is not whole", { missing: () => "pods" }, "the cluster is not known yet (pods)"],
  ["a watch is silent", { stale: () => staleText(silent) }, "nothing was heard of pods for 200 s"],
])("whether it can answer: %s", ([, more, problem]) => {
  const cluster = { ...testCluster(), ...more }
  expect(createClusterAnalyst({ cluster, namespace: "postern-system" }).problem()).toBe(problem)
})

const silent = [
  { resource: "pods", state: "waiting", silentMs: 200_000 },
  { resource: "nodes", state: "watching", silentMs: 100_000 },
  { resource: "policypreviews", state: "absent", silentMs: 999_000 },
] as const

test("a peer with a typo is found, with what was meant, and what it costs", () => {
  const { report } = analyse([set(typo)])
  expect(report.findings).toContainEqual(
    expect.objectContaining({ path: "spec.ingress[0].from[0]", message: expect.stringMatching(/app=web/) }),
  )
  expect(report.disappearing).toMatchObject({ pairs: 1 })
})

test("a finding that names another namespace says so", () => {
  const elsewhere = networkPolicy("db", {
    podSelector: { matchLabels: { app: "db" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "client" } } }] }],
  })
  const { report } = analyse([set(elsewhere)])
  const naming = report.findings.filter(({ message }) => message.includes("other"))
  expect(naming).toHaveLength(1)
  expect(naming[0]?.namespaces).toEqual(["other"])
})

test("two replicas that know the same give one key, other knowledge another", () => {
  const changes = [set(typo)]
  expect(analyse(changes).report.key).toBe(analyse(changes).report.key)
  const later = { ...testCluster(), revision: () => "pods 8" }
  const analyst = createClusterAnalyst({ cluster: later, namespace: "postern-system" })
  expect(analyst.analyse(question(changes)).report.key).not.toBe(analyse(changes).report.key)
})

const reaches = { from: "shop/web", to: "shop/db", ports: ["5432/TCP"], expect: "Allow" }
const denied = { ...reaches, from: "other/client", expect: "Deny" }

test.for<[string, Readonly<Record<string, unknown>>, readonly string[], readonly string[]]>([
  ["what holds and would fail is told", { "shop/a": reaches }, ["shop/a spec.ports[0]"], []],
  ["what goes on holding is not", { "shop/a": denied }, [], []],
  ["what fails already is not", { "shop/a": { ...denied, expect: "Allow" } }, [], []],
  ["what fails now and would hold is not", { "shop/a": { ...reaches, expect: "Deny" } }, [], []],
  ["one of several cases", { "shop/a": { cases: [denied, reaches] } }, ["shop/a spec.cases[1].ports[0]"], []],
  [
    "an assertion that refuses",
    { "shop/a": { ...reaches, admission: "Refuse" } },
    ["shop/a spec.ports[0]"],
    ["ConnectivityAssertion shop/a holds now and would fail (spec.ports[0])"],
  ],
  [
    "one of another namespace only warns",
    { "other/a": { ...reaches, admission: "Refuse" } },
    ["other/a spec.ports[0]"],
    [],
  ],
])("assertions: %s", ([, specs, told, refused]) => {
  const { report, refusals } = analyse([set(typo)], specs)
  expect(
    report.assertions.map(({ assertion, path }) => `${assertion.namespace}/${assertion.name} ${path}`),
  ).toEqual(told)
  expect(refusals.map(({ message }) => message)).toEqual(refused)
})

test("a kind that is written where a namespace could be is none, where there is no such namespace", () => {
  const { report } = analyse([set(typo)], { "shop/a": { ...reaches, from: "pod/web", to: "po/db" } })
  expect(report.assertions).toEqual([expect.not.objectContaining({ namespaces: expect.anything() })])
})

test("namespaces that a failing case names besides its own are told, for whoever may not know them", () => {
  const { report } = analyse([set(typo)], { "other/a": reaches })
  expect(report.assertions[0]?.namespaces).toEqual(["shop"])
})

test("an address in a case is of the namespace whose pod or Service has it", () => {
  const secret = networkPolicy("secret", { podSelector: {}, ingress: [{}] }, "other")
  const closed = networkPolicy("db", {
    podSelector: { matchLabels: { app: "web" } },
    policyTypes: ["Egress"],
  })
  const byAddress = { from: "web", to: "10.0.0.3", ports: ["80/TCP"], expect: "Deny" }
  const cluster = testCluster({ "shop/a": byAddress })
  const before = [set(secret), set({ ...closed, metadata: { ...closed.metadata, name: "web" } })]
  cluster.model.apply(before)
  cluster.world.apply(before)
  const gone: Change = {
    kind: "policy",
    op: "delete",
    policyKind: "NetworkPolicy",
    namespace: "shop",
    name: "web",
  }
  const analyst = createClusterAnalyst({ cluster, namespace: "postern-system" })
  const [failing] = analyst.analyse(question([gone], "web")).report.assertions
  expect(failing?.text).toContain("accepted by secret")
  expect(failing?.namespaces).toEqual(["other"])
})

test.for<[string, Change]>([
  ["a policy", set(typo)],
  ["a new policy", set(networkPolicy("new", { podSelector: {} }))],
  [
    "a policy that goes",
    { kind: "policy", op: "delete", policyKind: "NetworkPolicy", namespace: "shop", name: "db" },
  ],
  ["a pod", { kind: "pod", op: "set", value: pod("web", { labels: { app: "x" } }) }],
  ["a new pod", { kind: "pod", op: "set", value: pod("new", { labels: { app: "db" } }) }],
  ["a namespace", { kind: "namespace", op: "set", value: { name: "shop", labels: { a: "b" } } }],
])("the world is as before when the question is over: %s", ([, change]) => {
  const asked = testCluster({ "shop/a": reaches, "shop/b": denied })
  const before = JSON.stringify(asked.world.world.snapshot)
  const labels = asked.world.world.namespaceLabels("shop")
  createClusterAnalyst({ cluster: asked, namespace: "postern-system" }).analyse(question([change]))
  const after: unknown = JSON.parse(JSON.stringify(asked.world.world.snapshot))
  expect(asked.world.world.namespaceLabels("shop")).toEqual(labels)
  const named = { ...JSON.parse(before) }
  for (const each of named.namespaces) each.labels["kubernetes.io/metadata.name"] = each.name
  expect(withNames(after)).toEqual(named)
})

function withNames(snapshot: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(snapshot))
  for (const each of copy.namespaces) each.labels["kubernetes.io/metadata.name"] = each.name
  return copy
}

const dnsPod = pod("coredns", {
  namespace: "kube-system",
  labels: { "k8s-app": "kube-dns" },
  addresses: ["10.0.0.9"],
})
const denyDns = networkPolicy("deny", { podSelector: {} }, "kube-system")

test.for<[string, Readonly<Record<string, string>>, readonly string[], readonly string[]]>([
  ["what cuts DNS off is refused", {}, ["PNP0471"], []],
  ["unless it says that it is meant", { "postern.dev/allow-lockout": "true" }, [], ["PNP0474"]],
])("%s", ([, annotations, refused, warned]) => {
  const asked = testCluster()
  const there: readonly Change[] = [{ kind: "pod", op: "set", value: dnsPod }]
  asked.model.apply(there)
  asked.world.apply(there)
  const { report, refusals } = createClusterAnalyst({ cluster: asked, namespace: "postern-system" }).analyse({
    ...question([set(denyDns)]),
    reference: { kind: "NetworkPolicy", namespace: "kube-system", name: "deny" },
    annotations,
  })
  expect(refusals.map(({ code }) => code)).toEqual(refused)
  expect(report.findings.map(({ code }) => code)).toEqual(expect.arrayContaining([...warned]))
})

test("past the deadline no assertion is said to fail, and the report is not complete", () => {
  const asked = testCluster({ "shop/a": { ...reaches, admission: "Refuse" } })
  const analyst = createClusterAnalyst({ cluster: asked, namespace: "postern-system" })
  const { report, refusals } = analyst.analyse({
    ...question([set(typo)]),
    deadline: { expired: () => true },
  })
  expect([report.complete, report.assertions, refusals]).toEqual([false, [], []])
})

test("hostile policies are analysed like others", () => {
  const spec = { podSelector: { matchLabels: { constructor: "a" } }, ingress: [{ ports: [{ port: 1 }] }] }
  const value: PolicyObject = JSON.parse(JSON.stringify(policyObject(spec)))
  expect(analyse([set({ ...value, metadata: { name: "web", namespace: "shop" } })]).report.complete).toBe(
    true,
  )
})
