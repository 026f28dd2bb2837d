import { expect, test } from "vitest"
import { connectionText } from "../../src/analysis/connection-set.ts"
import { connectivity } from "../../src/analysis/connectivity.ts"
import { type AnalysisEnd, endText } from "../../src/analysis/end.ts"
import { createModel, type ModelOptions } from "../../src/analysis/model.ts"
import { changesTo } from "../../src/compile/compile.ts"
import type { Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"

const ALL = "All Connections"
const OUTSIDE = "0.0.0.0-255.255.255.255"

function told(cluster: Snapshot, options: Partial<ModelOptions> = {}) {
  const model = createModel({ lower, ...options })
  model.apply(changesTo(cluster))
  const { lines, notes, ends } = connectivity(model)
  return {
    ends: ends.map(endText),
    notes,
    lines: lines.map(
      ({ source, destination, connections, observed }) =>
        `${endText(source)} → ${endText(destination)}: ${connectionText(connections)}${observed ? " (observed)" : ""}`,
    ),
  }
}

const at = (address: string) => ({ addresses: [address] })
const a = pod("a", at("10.0.0.1"))
const b = pod("b", at("10.0.0.2"))
const web = networkPolicy("web", {
  podSelector: { matchLabels: { app: "b" } },
  ingress: [{ ports: [{ port: 80 }] }],
})
const closed = networkPolicy("closed", { podSelector: {}, policyTypes: ["Ingress", "Egress"] })
const from = (cidr: string, except?: readonly string[]) =>
  networkPolicy(`from-${cidr}`, {
    podSelector: { matchLabels: { app: "b" } },
    ingress: [{ from: [{ ipBlock: { cidr, ...(except === undefined ? {} : { except }) } }] }],
  })
const to = (cidr: string) =>
  networkPolicy(`to-${cidr}`, {
    podSelector: { matchLabels: { app: "a" } },
    policyTypes: ["Egress"],
    egress: [{ to: [{ ipBlock: { cidr } }] }],
  })
const of = (kind: string, name: string) => ({ controller: { kind, name } })
const open = (source: string, destination: string) => `${source} → ${destination}: ${ALL}`
const ends = ["0.0.0.0-255.255.255.255", "shop/a[Pod]", "shop/b[Pod]"]

test.for<[string, Snapshot, readonly string[]]>([
  [
    "workloads without any policy and outside ranges are included, a workload to itself is left out",
    snapshot({ pods: [a, b] }),
    [
      open(OUTSIDE, "shop/a[Pod]"),
      open(OUTSIDE, "shop/b[Pod]"),
      open("shop/a[Pod]", OUTSIDE),
      open("shop/a[Pod]", "shop/b[Pod]"),
      open("shop/b[Pod]", OUTSIDE),
      open("shop/b[Pod]", "shop/a[Pod]"),
    ],
  ],
  ["lines without any connection are left out", snapshot({ pods: [a, b], policies: [closed] }), []],
  [
    "ports are told by protocol, and what is isolated in one direction is open in the other",
    snapshot({ pods: [a, b], policies: [web] }),
    [
      open(OUTSIDE, "shop/a[Pod]"),
      `${OUTSIDE} → shop/b[Pod]: TCP 80`,
      open("shop/a[Pod]", OUTSIDE),
      "shop/a[Pod] → shop/b[Pod]: TCP 80",
      open("shop/b[Pod]", OUTSIDE),
      open("shop/b[Pod]", "shop/a[Pod]"),
    ],
  ],
  [
    "ranges are maximal runs with the same membership in every block, cidr without its excepts; equal rows are not merged",
    snapshot({ pods: [b], policies: [from("10.0.0.0/8", ["10.1.0.0/16"])] }),
    [
      `10.0.0.0-10.0.255.255 → shop/b[Pod]: ${ALL}`,
      `10.2.0.0-10.255.255.255 → shop/b[Pod]: ${ALL}`,
      `shop/b[Pod] → ${OUTSIDE}: ${ALL}`,
    ].toSorted(),
  ],
  [
    "ingress blocks cut sources and egress blocks cut destinations",
    snapshot({ pods: [a], policies: [to("10.9.0.0/16")] }),
    [open(OUTSIDE, "shop/a[Pod]"), open("shop/a[Pod]", "10.9.0.0-10.9.255.255")],
  ],
  [
    "blocks of policies that select nobody cut, too; and so do those of rules that nobody heeds",
    snapshot({
      pods: [a],
      policies: [
        from("128.0.0.0/1"),
        networkPolicy("unheeded", {
          podSelector: { matchLabels: { app: "none" } },
          policyTypes: ["Ingress"],
          egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/1" } }] }],
        }),
      ],
    }),
    [
      open("0.0.0.0-127.255.255.255", "shop/a[Pod]"),
      open("128.0.0.0-255.255.255.255", "shop/a[Pod]"),
      open("shop/a[Pod]", "0.0.0.0-127.255.255.255"),
      open("shop/a[Pod]", "128.0.0.0-255.255.255.255"),
    ],
  ],
  [
    "IPv6 has ranges where a block speaks of it",
    snapshot({ pods: [pod("b")], policies: [from("2001:db8::/32")] }),
    [
      open("2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "shop/b[Pod]"),
      open("shop/b[Pod]", OUTSIDE),
      open("shop/b[Pod]", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ],
  ],
  [
    "every port of TCP, UDP and SCTP is All Connections, of one protocol it is its ports",
    snapshot({
      pods: [a, b, pod("c", at("10.0.0.3"))],
      policies: [
        networkPolicy("ports", {
          podSelector: {},
          policyTypes: ["Ingress", "Egress"],
          ingress: [
            {
              from: [{ podSelector: { matchLabels: { app: "a" } } }],
              ports: ["TCP", "UDP", "SCTP"].map((protocol) => ({ protocol })),
            },
            { from: [{ podSelector: { matchLabels: { app: "b" } } }], ports: [{ protocol: "UDP" }] },
          ],
          egress: [{ to: [{ podSelector: { matchLabels: { app: "c" } } }] }],
        }),
      ],
    }),
    [open("shop/a[Pod]", "shop/c[Pod]"), "shop/b[Pod] → shop/c[Pod]: UDP 1-65535"],
  ],
  [
    "a workload is the pods of one controller reference as it stands, not what owns that in turn",
    snapshot({
      pods: [
        pod("web-1", { ...of("ReplicaSet", "web-abc"), owner: { kind: "Deployment", name: "web" } }),
        pod("web-2", { ...of("ReplicaSet", "web-abc"), owner: { kind: "Deployment", name: "web" } }),
        pod("gone", { ...of("Job", "once"), finished: true }),
      ],
      policies: [networkPolicy("in", { podSelector: {} })],
    }),
    [open("shop/web-abc[ReplicaSet]", OUTSIDE)],
  ],
  [
    "a host-network workload is listed under its name: never restricted itself, matched by blocks only",
    snapshot({
      pods: [
        pod("host", { hostNetwork: true, node: "n1", addresses: ["192.168.0.1"], labels: { app: "a" } }),
        pod("b", { ...at("10.0.0.2"), node: "n2" }),
      ],
      policies: [
        closed,
        networkPolicy("by-label", {
          podSelector: { matchLabels: { app: "b" } },
          ingress: [{ from: [{ podSelector: { matchLabels: { app: "a" } } }], ports: [{ port: 1 }] }],
        }),
        networkPolicy("by-block", {
          podSelector: { matchLabels: { app: "b" } },
          ingress: [{ from: [{ ipBlock: { cidr: "192.168.0.0/24" } }], ports: [{ port: 2 }] }],
        }),
      ],
    }),
    [
      "0.0.0.0-192.167.255.255 → shop/host[Pod]: All Connections",
      "192.168.0.0-192.168.0.255 → shop/b[Pod]: TCP 2",
      "192.168.0.0-192.168.0.255 → shop/host[Pod]: All Connections",
      "192.168.1.0-255.255.255.255 → shop/host[Pod]: All Connections",
      "shop/host[Pod] → 0.0.0.0-255.255.255.255: All Connections",
      "shop/host[Pod] → shop/b[Pod]: TCP 2",
    ],
  ],
  [
    "a node reaches the pods that run on it, where they have addresses of one family",
    snapshot({
      pods: [
        pod("host", { hostNetwork: true, node: "n1", addresses: ["192.168.0.1"] }),
        pod("four", { addresses: ["10.0.0.2"], node: "n1" }),
        pod("six", { addresses: ["fd00::2"], node: "n1" }),
        pod("unscheduled", { addresses: ["10.0.0.3"], node: "" }),
      ],
      policies: [closed],
    }),
    [
      open(OUTSIDE, "shop/host[Pod]"),
      open("shop/host[Pod]", OUTSIDE),
      open("shop/host[Pod]", "shop/four[Pod]"),
    ],
  ],
  [
    "a pod without an address is in a block that holds every address it could have",
    snapshot({ pods: [pod("a"), pod("b")], policies: [from("0.0.0.0/0")] }),
    [
      open(OUTSIDE, "shop/a[Pod]"),
      open(OUTSIDE, "shop/b[Pod]"),
      open("shop/a[Pod]", OUTSIDE),
      open("shop/a[Pod]", "shop/b[Pod]"),
      open("shop/b[Pod]", OUTSIDE),
      open("shop/b[Pod]", "shop/a[Pod]"),
    ],
  ],
  [
    "names of ports mean the destination's, and may mean different numbers",
    snapshot({
      pods: [
        a,
        pod("b1", {
          ...at("10.0.0.2"),
          labels: { app: "b" },
          ...of("ReplicaSet", "b"),
          ports: [{ name: "http", protocol: "TCP", port: 80 }],
        }),
        pod("b2", {
          ...at("10.0.0.3"),
          labels: { app: "b" },
          ...of("ReplicaSet", "b"),
          ports: [{ name: "http", protocol: "TCP", port: 8080 }],
        }),
      ],
      policies: [
        networkPolicy("named", {
          podSelector: { matchLabels: { app: "b" } },
          ingress: [{ from: [{ podSelector: { matchLabels: { app: "a" } } }], ports: [{ port: "http" }] }],
        }),
        networkPolicy("a", { podSelector: { matchLabels: { app: "a" } } }),
        networkPolicy("out", { podSelector: { matchLabels: { app: "b" } }, policyTypes: ["Egress"] }),
      ],
    }),
    [open("shop/a[Pod]", OUTSIDE), "shop/a[Pod] → shop/b[ReplicaSet]: TCP 80,8080"],
  ],
  [
    "what an observed namespace is denied is told as open, and that it is only observed",
    snapshot({
      namespaces: { shop: { "postern.dev/enforcement": "observe" } },
      pods: [a],
      policies: [closed],
    }),
    [`${OUTSIDE} → shop/a[Pod]: ${ALL} (observed)`, `shop/a[Pod] → ${OUTSIDE}: ${ALL} (observed)`],
  ],
])("%s", ([, cluster, expected]) => {
  expect(told(cluster).lines).toEqual(expected)
})

test.for<[string, Snapshot, readonly RegExp[]]>([
  ["equal pods need no note", snapshot({ pods: [a, b], policies: [web] }), []],
  [
    "where the pods of a workload differ, the union, with a note",
    snapshot({
      pods: [
        pod("x", { ...at("10.0.0.1"), labels: { side: "in" }, ...of("StatefulSet", "x") }),
        pod("y", { ...at("10.0.0.2"), labels: { side: "out" }, ...of("StatefulSet", "x") }),
      ],
      policies: [networkPolicy("in", { podSelector: { matchLabels: { side: "in" } } })],
    }),
    [/^the pods of a workload differ.*: 1 pair \(0\.0\.0\.0-255\.255\.255\.255 → shop\/x\[StatefulSet\]\)$/],
  ],
  [
    "where its families differ, the union, with a note",
    snapshot({
      pods: [
        pod("a", { addresses: ["10.0.0.1", "fd00::1"] }),
        pod("b", { addresses: ["10.0.0.2", "fd00::2"] }),
      ],
      policies: [from("0.0.0.0/0")],
    }),
    [/^addresses differ.*: 1 pair \(shop\/a\[Pod\] → shop\/b\[Pod\]\)$/],
  ],
  [
    "a node reaches its own pods, and nobody thinks that it is the policies' doing",
    snapshot({
      nodes: [node("n1", { addresses: ["192.168.0.1"] })],
      pods: [
        pod("host", { hostNetwork: true, node: "n1" }),
        pod("near", { ...at("10.0.0.2"), node: "n1" }),
        pod("far", { ...at("10.0.1.2"), node: "n2" }),
      ],
      policies: [closed],
    }),
    [
      /^open only between a host-network pod and the pods of its own node.*: 1 pair \(shop\/host\[Pod\] → shop\/near\[Pod\]\)$/,
    ],
  ],
])("%s", ([, cluster, expected]) => {
  const { notes } = told(cluster)
  expect(notes.length).toBe(expected.length)
  for (const [i, each] of expected.entries()) expect(notes[i]).toMatch(each)
})

test("a host-network workload is matched by address blocks only, and a note tells of its own node's pods", () => {
  const model = createModel({ lower })
  const pods = [
    pod("host", { hostNetwork: true, node: "n1" }),
    pod("near", { ...at("10.0.0.2"), node: "n1" }),
    pod("far", { ...at("10.0.1.2"), node: "n2" }),
  ]
  const nodes = [node("n1", { addresses: ["192.168.0.1"] })]
  const noEgress = networkPolicy("closed", { podSelector: {}, policyTypes: ["Ingress"] })
  const block = { ingress: [{ from: [{ ipBlock: { cidr: "192.168.0.0/24" } }], ports: [{ port: 80 }] }] }
  const some = networkPolicy("some", { podSelector: { matchLabels: { app: "far" } }, ...block })
  model.apply(changesTo(snapshot({ nodes, pods, policies: [noEgress, some] })))
  const { lines, notes } = connectivity(model, { ownNodes: false })
  const between = lines.filter(({ source, destination }) => source.kind === destination.kind)
  const texts = between.map(({ source, destination, connections }) =>
    [endText(source), endText(destination), connectionText(connections)].join(" "),
  )
  expect(texts).toEqual([
    `shop/far[Pod] shop/host[Pod] ${ALL}`,
    "shop/host[Pod] shop/far[Pod] TCP 80",
    `shop/near[Pod] shop/host[Pod] ${ALL}`,
  ])
  expect(notes).toHaveLength(1)
  expect(notes[0]).toMatch(
    /^a host-network pod reaches the pods of its own node .*: 1 pair \(shop\/host\[Pod\] → shop\/near\[Pod\]\)$/,
  )
})

test("ends are everybody, with connections or without, sorted", () => {
  expect(told(snapshot({ pods: [b, a], policies: [closed] })).ends).toEqual(ends)
})

test("a range that lines come from and go to is one end, and lines name the ends of the list", () => {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot({ pods: [a, b], policies: [web] })))
  const { ends, lines } = connectivity(model)
  const isRange = ({ kind }: AnalysisEnd): boolean => kind === "range"
  expect(lines.filter(({ source }) => isRange(source))).toHaveLength(2)
  expect(lines.filter(({ destination }) => isRange(destination))).toHaveLength(2)
  const named = lines.flatMap(({ source, destination }) => [source, destination])
  expect(named.filter((end) => !ends.includes(end))).toEqual([])
})

test("a pod gets its place in a block that is named later, also while it has no address", () => {
  const model = createModel({ lower })
  const isolated = networkPolicy("in", { podSelector: { matchLabels: { app: "b" } } })
  model.apply(changesTo(snapshot({ pods: [pod("a"), pod("b")], policies: [isolated] })))
  const linesOf = () =>
    connectivity(model).lines.map(({ source, destination }) => `${endText(source)} → ${endText(destination)}`)
  expect(linesOf()).not.toContain("shop/a[Pod] → shop/b[Pod]")
  model.apply([{ kind: "policy", op: "set", value: from("0.0.0.0/0") }])
  expect(linesOf()).toContain("shop/a[Pod] → shop/b[Pod]")
})

test("a deadline that has come leaves lines out, and says so", () => {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot({ pods: [a, b] })))
  let asked = 0
  const found = connectivity(model, { deadline: { expired: () => asked++ > 0 } })
  expect(found.complete).toBe(false)
  expect(found.lines.length).toBe(2)
})

test("a focus is told both ways, and nothing else is", () => {
  const model = createModel({ lower })
  model.apply(changesTo(snapshot({ pods: [a, b, pod("c", at("10.0.0.3"))] })))
  const { lines } = connectivity(model, { focus: ({ name }) => name === "a" })
  expect(lines.map(({ source, destination }) => `${endText(source)} → ${endText(destination)}`)).toEqual([
    `${OUTSIDE} → shop/a[Pod]`,
    `shop/a[Pod] → ${OUTSIDE}`,
    "shop/a[Pod] → shop/b[Pod]",
    "shop/a[Pod] → shop/c[Pod]",
    "shop/b[Pod] → shop/a[Pod]",
    "shop/c[Pod] → shop/a[Pod]",
  ])
})
