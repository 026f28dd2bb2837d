import { expect, test } from "vitest"
import { networkPolicy, node, pod, snapshot } from "../../test/snapshots.ts"
import type { PolicyObject } from "../compile/snapshot.ts"
import type { Direction, Port } from "./judge.ts"
import { networkPolicyJudge } from "./networkpolicy.ts"
import type { TraceStep } from "./trace.ts"
import { verdict } from "./verdict.ts"
import { createWorld, type End } from "./world.ts"

const db = pod("db", {
  addresses: ["10.0.0.2"],
  labels: { app: "db" },
  ports: [{ name: "sql", protocol: "TCP", port: 5432 }],
})
const web = pod("web", {
  addresses: ["10.0.0.3"],
  labels: { app: "web", role: "Frontend", "app.kubernetes.io/name": "web" },
})
const otherWeb = pod("web", { namespace: "other", addresses: ["10.0.0.4"], labels: { app: "web" } })
const agent = pod("agent", { hostNetwork: true, addresses: ["192.168.0.9"], node: "node-b" })
const pods = [db, web, otherWeb, agent]
const nodes = [node("node-b", { addresses: ["192.168.0.9"] })]
const sql: Port = { kind: "port", protocol: "TCP", port: 5432 }

const podEnd = (each: typeof db): End => ({ kind: "pod", pod: each })
const ingress = (...rules: readonly unknown[]) =>
  networkPolicy("guard", { podSelector: { matchLabels: { app: "db" } }, ingress: rules })
const matching = (labels: Readonly<Record<string, string>>) => ({ podSelector: { matchLabels: labels } })

interface Asked {
  readonly from?: End
  readonly port?: Port
  readonly direction?: Direction
}

function traceOf(
  policies: readonly PolicyObject[],
  { from = podEnd(web), port = sql, direction = "ingress" }: Asked,
): readonly TraceStep[] {
  const namespaces = { shop: { team: "a" }, other: { team: "b" } }
  const world = createWorld(snapshot({ namespaces, nodes, pods, policies }), () => networkPolicyJudge)
  return verdict({ from, to: podEnd(db), port }, world)[direction]?.trace ?? []
}

type Row = readonly [
  sentence: string,
  policies: readonly PolicyObject[],
  asked: Asked,
  steps: readonly string[],
]

test.for<Row>([
  [
    "without a policy the default is named",
    [],
    {},
    [" accepts: nothing isolates the ingress of shop/db: allowed by default"],
  ],
  [
    "the rule that accepts is named with its peer and port",
    [ingress({ from: [matching({ app: "nobody" }), matching({ app: "web" })], ports: [{ port: "sql" }] })],
    {},
    [
      "spec selects: selects shop/db and isolates its ingress",
      'spec.ingress[0] accepts: from[1] (pods with app=web) holds shop/web, ports[0] ("sql"/TCP) holds 5432/TCP',
      " accepts: spec.ingress[0] of NetworkPolicy guard decides: Allow",
    ],
  ],
  [
    "default deny names the policies that isolate",
    [ingress()],
    {},
    [
      "spec selects: selects shop/db and isolates its ingress",
      "spec.ingress no-match: has no ingress rule: it accepts nothing",
      " denies: guard isolates the ingress of shop/db and nothing accepts this: denied",
    ],
  ],
])("%s", ([, policies, asked, steps]) => {
  expect(traceOf(policies, asked).map((step) => `${step.path} ${step.outcome}: ${step.text}`)).toEqual(steps)
})

// What kept a rule from holding; every one of these is denied.
test.for<Row>([
  [
    "a label value in another case",
    [ingress({ from: [matching({ role: "frontend" })] })],
    {},
    ["spec.ingress[0].from[0] near-miss: does not hold shop/web: it has role=Frontend, wanted role=frontend"],
  ],
  [
    "a label value with a typo",
    [ingress({ from: [matching({ role: "Fronted" })] })],
    {},
    ["spec.ingress[0].from[0] near-miss: does not hold shop/web: it has role=Frontend, wanted role=Fronted"],
  ],
  [
    "a label key that stands for another",
    [ingress({ from: [matching({ name: "web" })] })],
    {},
    ["spec.ingress[0].from[0] near-miss: does not hold shop/web: it has app=web, wanted name=web"],
  ],
  [
    "another value is no near miss",
    [ingress({ from: [matching({ app: "batch" })] })],
    {},
    ["spec.ingress[0].from[0] no-match: does not hold shop/web: it has app=web, wanted app=batch"],
  ],
  [
    "numbers differ on purpose",
    [ingress({ from: [matching({ app: "web1" })] })],
    {},
    ["spec.ingress[0].from[0] no-match: does not hold shop/web: it has app=web, wanted app=web1"],
  ],
  [
    "the right labels in another namespace",
    [ingress({ from: [matching({ app: "web" })] })],
    { from: podEnd(otherWeb) },
    [
      "spec.ingress[0].from[0] near-miss: other/web has the labels, but the peer looks in namespace shop only (no namespaceSelector)",
    ],
  ],
  [
    "a namespace label with another value",
    [ingress({ from: [{ namespaceSelector: { matchLabels: { team: "c" } } }] })],
    {},
    ["spec.ingress[0].from[0] no-match: does not hold namespace shop: it has team=a, wanted team=c"],
  ],
  [
    "the right peer, another port",
    [ingress({ from: [matching({ app: "web" })], ports: [{ port: 5433 }] })],
    {},
    ["spec.ingress[0].ports[0] near-miss: from[0] holds shop/web, but wants 5433/TCP, not 5432/TCP"],
  ],
  [
    "the right peer and port, another protocol",
    [ingress({ ports: [{ protocol: "UDP", port: 5432 }] })],
    {},
    ["spec.ingress[0].ports[0] near-miss: every peer holds shop/web, but wants 5432/UDP, not 5432/TCP"],
  ],
  [
    "a number in quotes is a name",
    [ingress({ ports: [{ port: "5432" }] })],
    {},
    [
      'spec.ingress[0].ports[0] near-miss: every peer holds shop/web, but shop/db has no port named "5432" (it names sql); a port in quotes is a name, not the number 5432',
    ],
  ],
  [
    "ICMP and a rule with ports",
    [ingress({ ports: [{ port: 1 }] })],
    { port: { kind: "other", protocol: "ICMP" } },
    [
      "spec.ingress[0].ports[0] near-miss: every peer holds shop/web, but a rule with ports never accepts ICMP",
    ],
  ],
  [
    "an except takes the address out",
    [ingress({ from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0/24"] } }] })],
    {},
    [
      "spec.ingress[0].from[0] near-miss: 10.0.0.0/8 holds 10.0.0.3 of shop/web, but its except 10.0.0.0/24 takes it out",
    ],
  ],
  [
    "a block of another family",
    [ingress({ from: [{ ipBlock: { cidr: "::/0" } }] })],
    {},
    ["spec.ingress[0].from[0] no-match: ::/0 is IPv6 and does not hold 10.0.0.3 of shop/web"],
  ],
  [
    "a host-network pod is no pod to a selector",
    [ingress({ from: [{ podSelector: {} }] })],
    { from: podEnd(agent) },
    [
      "spec.ingress[0].from[0] near-miss: wants pods; shop/agent (host network, counts as its node) is none: only an ipBlock can hold it",
    ],
  ],
])("a rule that does not hold says why: %s", ([, policies, asked, steps]) => {
  const missed = traceOf(policies, asked).filter(
    (step) => step.outcome === "near-miss" || step.outcome === "no-match",
  )
  expect(missed.map((step) => `${step.path} ${step.outcome}: ${step.text}`)).toEqual(steps)
})

test.for<Row>([
  [
    "a policy that nearly selects the subject",
    [networkPolicy("typo", { podSelector: { matchLabels: { app: "Db" } } })],
    {},
    ["typo spec.podSelector: does not select shop/db: it has app=db, wanted app=Db"],
  ],
  [
    "a policy that would select it in another namespace",
    [networkPolicy("else", { podSelector: { matchLabels: { app: "db" } } }, "other")],
    {},
    ["else spec.podSelector: selects such labels in namespace other only; db is in shop"],
  ],
  [
    "a policy for the other direction with rules for this one",
    [networkPolicy("trap", { podSelector: {}, policyTypes: ["Egress"], egress: [{}], ingress: [{}] })],
    {},
    [
      "trap spec.policyTypes: selects shop/db for Egress only: its ingress rules are without effect, policyTypes does not name Ingress",
    ],
  ],
  [
    "egress [] without policyTypes",
    [networkPolicy("trap", { podSelector: {}, egress: [], ingress: [{}] })],
    { direction: "egress" },
    [
      "trap spec.egress: selects shop/web for Ingress only: an empty egress list without policyTypes does not isolate egress",
    ],
  ],
  [
    "a policy of another subject is not worth a word",
    [networkPolicy("other", { podSelector: { matchLabels: { app: "mail" } } })],
    {},
    [],
  ],
])("a policy that does not isolate says why: %s", ([, policies, asked, steps]) => {
  const missed = traceOf(policies, asked).filter((step) => step.outcome === "near-miss")
  expect(missed.map((step) => `${step.policy?.name} ${step.path}: ${step.text}`)).toEqual(steps)
})
