import { expect, test } from "vitest"
import { networkPolicy, node, pod, service, snapshot } from "../../test/snapshots.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import type { Checked } from "./checked.ts"
import { type Answer, inquire, inquireAllowed } from "./inquiry.ts"
import { networkPolicyJudge } from "./networkpolicy.ts"
import { parsePortRequest } from "./port-request.ts"
import { resolveReference } from "./reference.ts"
import { createWorld } from "./world.ts"

const ports = [
  { name: "admin", protocol: "TCP" as const, port: 7070 },
  { name: "http", protocol: "TCP" as const, port: 8080 },
  { name: "dns", protocol: "UDP" as const, port: 53 },
]
const cluster = snapshot({
  namespaces: { shop: {}, deploy: {} },
  nodes: [node("node-a", { addresses: ["192.168.0.1"] })],
  pods: [
    pod("web-1", {
      addresses: ["10.0.0.1"],
      owner: { kind: "Deployment", name: "web" },
      ports,
      labels: { app: "web" },
    }),
    pod("web-2", {
      addresses: ["10.0.0.2"],
      owner: { kind: "Deployment", name: "web" },
      ports: [{ name: "http", protocol: "TCP", port: 9090 }],
      labels: { app: "web", new: "yes" },
    }),
    pod("web-0", { finished: true, owner: { kind: "Deployment", name: "web" } }),
    pod("client", { addresses: ["10.0.0.3", "fd00::3"] }),
    pod("six", { addresses: ["fd00::4"] }),
    pod("migrate", { finished: true, addresses: ["10.0.0.9"], owner: { kind: "Job", name: "migrate" } }),
    pod("web", { namespace: "deploy", addresses: ["10.0.0.5"] }),
    pod("planned", { node: "" }),
    pod("statefulset/db-0", { node: "", owner: { kind: "StatefulSet", name: "db" } }),
    pod("statefulset/db-1", { node: "", owner: { kind: "StatefulSet", name: "db" } }),
  ],
  services: [
    service("web", {
      selector: { app: "web" },
      clusterIPs: ["10.96.0.1"],
      ports: [{ name: "main", protocol: "TCP", port: 80, targetPort: "http" }],
    }),
    service("plain", {
      selector: { app: "web" },
      ports: [{ name: "", protocol: "TCP", port: 81, targetPort: 5005 }],
    }),
    service("nobody", {
      selector: { app: "nobody" },
      ports: [{ name: "", protocol: "TCP", port: 80, targetPort: 80 }],
    }),
    service("byhand", { ports: [{ name: "", protocol: "TCP", port: 80, targetPort: 80 }] }),
  ],
  policies: [
    networkPolicy("new-only", {
      podSelector: { matchLabels: { new: "yes" } },
      ingress: [{ ports: [{ port: 9090 }, { port: 5005, endPort: 5006 }] }],
    }),
  ],
})
const world = createWorld(cluster, () => networkPolicyJudge)
const scope = { world, namespace: "shop" }

function ask(fromText: string, toText: string, portText: string): Checked<Answer> {
  const from = resolveReference(fromText, scope)
  const to = resolveReference(toText, scope)
  const port = parsePortRequest(portText)
  if (!from.ok) return from
  if (!to.ok) return to
  if (!port.ok) return port
  return inquire({ from: from.value, to: to.value, port: port.value }, world)
}

/** "pod:port verdict" of every case. */
function casesOf(answer: Checked<Answer>): readonly string[] {
  if (!answer.ok) return answer.diagnostics.map((each) => `${each.code} ${each.message}`)
  return answer.value.cases.map(({ to, ports, verdict }) => {
    const name = to.kind === "pod" ? to.pod.name : to.kind
    return `${name}:${ports === null ? "-" : `${ports.from}-${ports.to}`} ${verdict}`
  })
}

test.for<[string, string, string, string, readonly string[]]>([
  ["a pod by namespace and name", "shop/client", "shop/web-2", "9090", ["web-2:9090-9090 Allow"]],
  [
    "a bare name is a pod of the namespace asked for",
    "client",
    "web-2",
    "9090/tcp",
    ["web-2:9090-9090 Allow"],
  ],
  [
    "a workload is its pods that run",
    "client",
    "shop/Deployment/web",
    "80/TCP",
    ["web-1:80-80 Allow", "web-2:80-80 Deny"],
  ],
  ["kubectl's short names", "client", "shop/deploy/web", "ICMP", ["web-1:- Allow", "web-2:- Deny"]],
  [
    "a kind and a name in the namespace asked for",
    "client",
    "deployment/web-2",
    "80",
    ['PNP0902 there is no Deployment "web-2" in namespace "shop"; did you mean shop/Deployment/web?'],
  ],
  [
    "namespace/pod and kind/name may be both",
    "client",
    "deploy/web",
    "80",
    ['PNP0903 "deploy/web" may be pod deploy/web or Deployment shop/web'],
  ],
  ["a StatefulSet's pod by the name it will have", "web-1", "db-1", "80", ["statefulset/db-1:80-80 Allow"]],
  [
    "a pod that is made up, as it is printed",
    "web-1",
    "shop/statefulset/db-0",
    "80",
    ["statefulset/db-0:80-80 Allow"],
  ],
  ["a node", "node/node-a", "web-2", "80", ["web-2:80-80 Allow"]],
  ["an address outside", "172.16.0.1", "web-2", "80", ["web-2:80-80 Deny"]],
  ["a pod by kind", "client", "shop/po/web-1", "80", ["web-1:80-80 Allow"]],
  [
    "a Service is its endpoints, its port their target port",
    "client",
    "shop/svc/web",
    "80",
    ["web-1:8080-8080 Allow", "web-2:9090-9090 Allow"],
  ],
  [
    "a Service's target port by number",
    "client",
    "shop/svc/plain",
    "81",
    ["web-1:5005-5005 Allow", "web-2:5005-5005 Allow"],
  ],
  [
    "a Service's port by name",
    "client",
    "shop/svc/web",
    "main/TCP",
    ["web-1:8080-8080 Allow", "web-2:9090-9090 Allow"],
  ],
  [
    "a Service by its cluster address",
    "client",
    "10.96.0.1",
    "80",
    ["web-1:8080-8080 Allow", "web-2:9090-9090 Allow"],
  ],
  [
    "a port name is each pod's number",
    "client",
    "shop/deploy/web",
    "http",
    ["web-1:8080-8080 Allow", "web-2:9090-9090 Allow"],
  ],
  [
    "a range is told apart where the answer changes",
    "client",
    "web-2",
    "5000-5010/TCP",
    ["web-2:5000-5004 Deny", "web-2:5005-5006 Allow", "web-2:5007-5010 Deny"],
  ],
  ["a range with one answer is one case", "client", "web-1", "1-65535/UDP", ["web-1:1-65535 Allow"]],
])("%s", ([, from, to, port, expected]) => {
  expect(casesOf(ask(from, to, port))).toEqual(expected)
})

const near = (...names: readonly string[]) => `; did you mean ${names.join(", ")}?`

test.for<[string, string, string, string, readonly string[]]>([
  [
    "a pod that does not exist, with those of that name or nearly",
    "client",
    "shop/web",
    "80",
    [
      `PNP0902 there is no pod "web" in namespace "shop"${near("deploy/web", "shop/Deployment/web", "shop/Service/web")}`,
    ],
  ],
  [
    "a typo",
    "clinet",
    "web-1",
    "80",
    [`PNP0902 there is no pod "clinet" in namespace "shop"${near("shop/client")}`],
  ],
  [
    "a node that does not exist",
    "node/node-b",
    "web-1",
    "80",
    [`PNP0902 there is no node "node-b"${near("node/node-a")}`],
  ],
  [
    "a kind that is none",
    "client",
    "shop/deplyo/web",
    "80",
    ['PNP0901 "shop/deplyo/web" names nothing: deplyo is no kind of workload, did you mean deploy?'],
  ],
  [
    "too many names",
    "client",
    "a/b/c/d",
    "80",
    ['PNP0901 "a/b/c/d" names nothing: it is neither an address nor one to three names with / between'],
  ],
  [
    "a finished pod",
    "client",
    "shop/migrate",
    "80",
    ["PNP0904 shop/migrate has finished: it owns no address, so nothing flows from or to it"],
  ],
  [
    "a workload whose pods have all finished",
    "client",
    "shop/job/migrate",
    "80",
    [
      "PNP0904 every pod of Job shop/migrate has finished: it owns no address, so nothing flows from or to it",
    ],
  ],
  [
    "a Service as a source",
    "shop/svc/web",
    "client",
    "80",
    ["PNP0905 shop/svc/web is a Service, and a Service starts no connection"],
  ],
  [
    "a Service whose selector holds nothing",
    "client",
    "shop/svc/nobody",
    "80",
    ["PNP0906 Service shop/nobody leads nowhere: its selector holds no pod that runs"],
  ],
  [
    "a Service without selector",
    "client",
    "shop/svc/byhand",
    "80",
    ["PNP0906 Service shop/byhand leads nowhere: it has no selector"],
  ],
  [
    "a port that the Service does not have",
    "client",
    "shop/svc/web",
    "8080",
    ["PNP0907 Service shop/web has no port 8080/TCP; it has main 80/TCP"],
  ],
  [
    "a port name that nobody serves",
    "client",
    "web-1",
    "htp",
    ['PNP0909 web-1 has no TCP port named "htp", did you mean http/TCP?'],
  ],
  [
    "a port name of another protocol",
    "client",
    "web-1",
    "dns",
    ['PNP0909 web-1 has no TCP port named "dns", did you mean dns/UDP?'],
  ],
  [
    "a port beyond the last",
    "client",
    "web-1",
    "65536",
    ['PNP0908 "65536" is no port: ports are 1 to 65535'],
  ],
  [
    "a range that ends before it starts",
    "client",
    "web-1",
    "20-10",
    ['PNP0908 "20-10" is no port: the range is empty'],
  ],
  [
    "a protocol that is none",
    "client",
    "web-1",
    "80/HTTP",
    ['PNP0908 "80/HTTP" is no port: "HTTP" is not TCP, UDP or SCTP'],
  ],
  [
    "ends without a common family",
    "web-1",
    "six",
    "80",
    ["PNP0910 web-1 and six have no addresses of the same family"],
  ],
])("a mistake: %s", ([, from, to, port, expected]) => {
  const answer = ask(from, to, port)
  const diagnostics: readonly Diagnostic[] = answer.ok ? [] : answer.diagnostics
  expect(diagnostics.map((each) => `${each.code} ${each.message}`)).toEqual(expected)
})

test("families that are alike are told by one answer, their cases still by family", () => {
  const answer = ask("client", "planned", "80")
  expect(answer.ok && answer.value.verdict).toBe("Allow")
  expect(answer.ok && answer.value.cases.map(({ family }) => family)).toEqual(["IPv4", "IPv6"])
})

test("without a port everything that may flow is told, pair by pair", () => {
  const from = resolveReference("client", scope)
  const to = resolveReference("shop/svc/web", scope)
  if (!from.ok || !to.ok) throw new Error("not resolved")
  const answer = inquireAllowed({ from: from.value, to: to.value }, world)
  expect(answer.ok && answer.value.map((each) => each.allowed.TCP)).toEqual([
    [{ from: 0, to: 65535 }],
    [
      { from: 5005, to: 5006 },
      { from: 9090, to: 9090 },
    ],
  ])
})

test("a question is given up when its time is over, or when it is about too much", () => {
  const from = resolveReference("client", scope)
  const to = resolveReference("shop/deploy/web", scope)
  if (!from.ok || !to.ok) throw new Error("no such ends")
  const ends = { from: from.value, to: to.value }
  const port = { kind: "range", protocol: "TCP", from: 80, to: 80 } as const
  const late = { pairs: 2, expired: () => true }
  const narrow = { pairs: 1, expired: () => false }
  expect(inquire({ ...ends, port }, world, late)).toMatchObject({ diagnostics: [{ code: "PNP0704" }] })
  expect(inquireAllowed(ends, world, late)).toMatchObject({ diagnostics: [{ code: "PNP0704" }] })
  expect(inquire({ ...ends, port }, world, narrow)).toMatchObject({ diagnostics: [{ code: "PNP0703" }] })
  expect(inquireAllowed(ends, world, narrow)).toMatchObject({ diagnostics: [{ code: "PNP0703" }] })
})

test("a question about every port is given up between two ports, too", () => {
  const from = resolveReference("client", scope)
  const to = resolveReference("shop/deploy/web", scope)
  if (!from.ok || !to.ok) throw new Error("no such ends")
  const ends = { from: from.value, to: to.value }
  const port = { kind: "range", protocol: "TCP", from: 0, to: 65535 } as const
  const polls = (most: number) => {
    let asked = 0
    return { limits: { pairs: 9, expired: () => (asked += 1) > most }, asked: () => asked }
  }
  for (const ask of [
    (limits: ReturnType<typeof polls>["limits"]) => inquire({ ...ends, port }, world, limits),
    (limits: ReturnType<typeof polls>["limits"]) => inquireAllowed(ends, world, limits),
  ]) {
    const unlimited = polls(Number.POSITIVE_INFINITY)
    expect(ask(unlimited.limits).ok).toBe(true)
    // More often than once for each pair of addresses, of which there are few.
    expect(unlimited.asked()).toBeGreaterThan(8)
    expect(ask(polls(4).limits)).toMatchObject({ diagnostics: [{ code: "PNP0704" }] })
  }
})
