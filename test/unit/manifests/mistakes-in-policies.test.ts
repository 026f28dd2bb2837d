// One row for every mistake that can be made in a NetworkPolicy: the spec with a mark, what is told.

import { expect, test } from "vitest"
import { expectedOf, policyWith, readText, toldOf, unmarked } from "./marked.ts"

type Row = readonly [name: string, spec: string, ...told: readonly string[]]

const rules: readonly Row[] = [
  ["an unknown field of spec", "podSelector: {}\n▸ingres: []", "PNP0201 spec.ingres"],
  [
    "ingress in place of spec's list",
    "podSelector: {}\ningress:\n  - ▸form: []",
    "PNP0201 spec.ingress[0].form",
  ],
  [
    "egress rules have to, not from",
    "podSelector: {}\npolicyTypes: [Egress]\negress:\n  - ▸from: [{ podSelector: {} }]",
    "PNP0201 spec.egress[0].from",
  ],
  [
    "ingress rules have from, not to",
    "podSelector: {}\ningress:\n  - ports: [{ port: 80 }]\n    ▸to: []",
    "PNP0201 spec.ingress[0].to",
  ],
  ["a rule that is a list", "podSelector: {}\ningress:\n  - ▸[]", "PNP0203 spec.ingress[0]"],
  [
    "a rule that is null would allow everything",
    "podSelector: {}\ningress:\n  - ▸null",
    "PNP0203 spec.ingress[0]",
  ],
  ["rules that are a mapping", "podSelector: {}\n▸ingress:\n  from: []", "PNP0203 spec.ingress"],
  [
    "from that is a mapping",
    "podSelector: {}\ningress:\n  - ▸from:\n      podSelector: {}",
    "PNP0203 spec.ingress[0].from",
  ],
  [
    "a policy type that there is not",
    "podSelector: {}\npolicyTypes: [Ingress, ▸egress]",
    "PNP0204 spec.policyTypes[1]",
  ],
  ["policy types that are a string", "podSelector: {}\npolicyTypes: ▸Ingress", "PNP0203 spec.policyTypes"],
  ["a policy type twice", "podSelector: {}\npolicyTypes: [Egress, ▸Egress]", "PNP0316 spec.policyTypes[1]"],
  ["egress: [] without policyTypes", "podSelector: {}\n▸egress: []", "PNP0315 spec.egress"],
  [
    "rules of a direction that policyTypes leaves out",
    "podSelector: {}\npolicyTypes: [Ingress]\n▸egress:\n  - {}",
    "PNP0314 spec.egress",
  ],
]

const selectors: readonly Row[] = [
  [
    "a quoted << merges nothing",
    'podSelector: { matchLabels: { ▸"<<": a } }',
    'PNP0210 spec.podSelector.matchLabels["<<"]',
  ],
  [
    "binary data",
    "podSelector: { matchLabels: { app: !!binary ▸aGk= } }",
    "PNP0203 spec.podSelector.matchLabels.app",
  ],
  [
    "a label value that YAML reads as a boolean",
    "podSelector: { matchLabels: { app: ▸true } }",
    "PNP0203 spec.podSelector.matchLabels.app",
  ],
  [
    "yes is a boolean for Kubernetes",
    "podSelector: { matchLabels: { app: ▸yes } }",
    "PNP0203 spec.podSelector.matchLabels.app",
  ],
  [
    "a label value that is a number",
    "podSelector: { matchLabels: { app: ▸1 } }",
    "PNP0203 spec.podSelector.matchLabels.app",
  ],
  ["labels without matchLabels", "podSelector: { ▸app: web }", "PNP0201 spec.podSelector.app"],
  ["a selector that is a string", "podSelector: ▸web", "PNP0203 spec.podSelector"],
  [
    "a key with a blank",
    "podSelector: { matchLabels: { ▸a b: c } }",
    'PNP0210 spec.podSelector.matchLabels["a b"]',
  ],
  [
    "a key with two slashes",
    "podSelector: { matchLabels: { ▸a/b/c: d } }",
    'PNP0210 spec.podSelector.matchLabels["a/b/c"]',
  ],
  [
    "a key without a name",
    "podSelector: { matchLabels: { ▸a.io/: d } }",
    'PNP0210 spec.podSelector.matchLabels["a.io/"]',
  ],
  [
    "a key with an upper-case domain",
    "podSelector: { matchLabels: { ▸A.io/b: d } }",
    'PNP0210 spec.podSelector.matchLabels["A.io/b"]',
  ],
  [
    "a value that ends with a dash",
    "podSelector: { matchLabels: { app: ▸web- } }",
    "PNP0211 spec.podSelector.matchLabels.app",
  ],
  [
    "a value of 64 characters",
    `podSelector: { matchLabels: { app: ▸${"a".repeat(64)} } }`,
    "PNP0211 spec.podSelector.matchLabels.app",
  ],
  [
    "__proto__ is a key like any other",
    "podSelector: { matchLabels: { ▸__proto__: a } }",
    "PNP0210 spec.podSelector.matchLabels.__proto__",
  ],
  [
    "an operator that there is not",
    "podSelector: { matchExpressions: [{ key: a, operator: ▸in, values: [b] }] }",
    "PNP0204 spec.podSelector.matchExpressions[0].operator",
  ],
  [
    "an expression without operator",
    "podSelector: { matchExpressions: [▸{ key: a, values: [b] }] }",
    "PNP0202 spec.podSelector.matchExpressions[0]",
  ],
  [
    "In without values",
    "podSelector: { matchExpressions: [▸{ key: a, operator: In }] }",
    "PNP0212 spec.podSelector.matchExpressions[0]",
  ],
  [
    "Exists with values",
    "podSelector: { matchExpressions: [{ key: a, operator: Exists, values: ▸[b] }] }",
    "PNP0213 spec.podSelector.matchExpressions[0].values",
  ],
  [
    "an expression's key and value are checked like labels",
    "podSelector: { matchExpressions: [{ key: ▸-a, operator: In, values: [▸b_] }] }",
    "PNP0210 spec.podSelector.matchExpressions[0].key",
    "PNP0211 spec.podSelector.matchExpressions[0].values[0]",
  ],
]

/** The one peer of an ingress rule: "from: [...]". */
const peers: readonly Row[] = [
  ["a peer without content", "▸{}", "PNP0307 spec.ingress[0].from[0]"],
  [
    "an unknown field of a peer",
    "{ podSelector: {}, ▸podselector: {} }",
    "PNP0201 spec.ingress[0].from[0].podselector",
  ],
  [
    "ipBlock beside a selector",
    "{ podSelector: {}, ▸ipBlock: { cidr: 10.0.0.0/8 } }",
    "PNP0306 spec.ingress[0].from[0].ipBlock",
  ],
  [
    "an address without length",
    "{ ipBlock: { cidr: ▸10.0.0.1 } }",
    "PNP0301 spec.ingress[0].from[0].ipBlock.cidr",
  ],
  [
    "a length that is too long",
    "{ ipBlock: { cidr: ▸10.0.0.0/33 } }",
    "PNP0301 spec.ingress[0].from[0].ipBlock.cidr",
  ],
  [
    "a name in place of a block",
    "{ ipBlock: { cidr: ▸example.org } }",
    "PNP0301 spec.ingress[0].from[0].ipBlock.cidr",
  ],
  [
    "IPv6 with two gaps",
    '{ ipBlock: { cidr: ▸"2001::db8::/32" } }',
    "PNP0301 spec.ingress[0].from[0].ipBlock.cidr",
  ],
  ["leading zeros", "{ ipBlock: { cidr: ▸010.1.1.1/8 } }", "PNP0302 spec.ingress[0].from[0].ipBlock.cidr"],
  [
    "IPv4 in IPv6",
    '{ ipBlock: { cidr: ▸"::ffff:10.0.0.0/104" } }',
    "PNP0302 spec.ingress[0].from[0].ipBlock.cidr",
  ],
  ["host bits", "{ ipBlock: { cidr: ▸10.0.0.5/8 } }", "PNP0304 spec.ingress[0].from[0].ipBlock.cidr"],
  ["no cidr", "{ ipBlock: ▸{ except: [10.0.0.0/8] } }", "PNP0202 spec.ingress[0].from[0].ipBlock"],
  [
    "an except that is outside",
    "{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16, ▸11.0.0.0/9] } }",
    "PNP0305 spec.ingress[0].from[0].ipBlock.except[1]",
  ],
  [
    "an except that is the whole block",
    "{ ipBlock: { cidr: 10.0.0.0/8, except: [▸10.0.0.0/8] } }",
    "PNP0305 spec.ingress[0].from[0].ipBlock.except[0]",
  ],
  [
    "an except of the other family",
    '{ ipBlock: { cidr: 0.0.0.0/0, except: [▸"2001:db8::/32"] } }',
    "PNP0305 spec.ingress[0].from[0].ipBlock.except[0]",
  ],
  [
    "an except with host bits",
    "{ ipBlock: { cidr: 10.0.0.0/8, except: [▸10.1.2.3/16] } }",
    "PNP0304 spec.ingress[0].from[0].ipBlock.except[0]",
  ],
  [
    "an except that is no string",
    "{ ipBlock: { cidr: 10.0.0.0/8, except: [▸10] } }",
    "PNP0203 spec.ingress[0].from[0].ipBlock.except[0]",
  ],
]

/** The one port of an ingress rule: "ports: [...]". */
const ports: readonly Row[] = [
  [
    "a protocol that there is not",
    "{ port: 80, protocol: ▸tcp }",
    "PNP0204 spec.ingress[0].ports[0].protocol",
  ],
  ["ICMP is no protocol here", "{ protocol: ▸ICMP }", "PNP0204 spec.ingress[0].ports[0].protocol"],
  ["a number in quotes", '{ port: ▸"80" }', "PNP0309 spec.ingress[0].ports[0].port"],
  ["a port that is 0", "{ port: ▸0 }", "PNP0308 spec.ingress[0].ports[0].port"],
  ["a port over 65535", "{ port: ▸65536 }", "PNP0308 spec.ingress[0].ports[0].port"],
  ["a port that is a fraction", "{ port: ▸80.5 }", "PNP0203 spec.ingress[0].ports[0].port"],
  ["a name that is too long", "{ port: ▸abcdefghijklmnop }", "PNP0310 spec.ingress[0].ports[0].port"],
  ["a name with upper case", "{ port: ▸HTTP }", "PNP0310 spec.ingress[0].ports[0].port"],
  ["a name with two dashes", "{ port: ▸a--b }", "PNP0310 spec.ingress[0].ports[0].port"],
  ["a range in a string", "{ port: ▸80-90 }", "PNP0310 spec.ingress[0].ports[0].port"],
  ["endPort alone", "{ endPort: ▸90 }", "PNP0311 spec.ingress[0].ports[0].endPort"],
  ["endPort beside a name", "{ port: http, endPort: ▸90 }", "PNP0312 spec.ingress[0].ports[0].endPort"],
  ["endPort before port", "{ port: 90, endPort: ▸80 }", "PNP0313 spec.ingress[0].ports[0].endPort"],
  ["endPort over 65535", "{ port: 90, endPort: ▸70000 }", "PNP0308 spec.ingress[0].ports[0].endPort"],
  ["endPort in quotes", '{ port: 80, endPort: ▸"90" }', "PNP0203 spec.ingress[0].ports[0].endPort"],
  ["a plain number", "▸80", "PNP0203 spec.ingress[0].ports[0]"],
  ["an unknown field of a port", "{ ▸ports: 80 }", "PNP0201 spec.ingress[0].ports[0].ports"],
  [
    "every mistake of one port",
    '{ port: ▸"80", endPort: ▸90, protocol: ▸udp }',
    "PNP0309 spec.ingress[0].ports[0].port",
    "PNP0312 spec.ingress[0].ports[0].endPort",
    "PNP0204 spec.ingress[0].ports[0].protocol",
  ],
]

const all: readonly Row[] = [
  ...rules,
  ...selectors,
  ...peers.map(
    ([name, peer, ...told]): Row => [name, `podSelector: {}\ningress:\n  - from: [${peer}]`, ...told],
  ),
  ...ports.map(
    ([name, port, ...told]): Row => [name, `podSelector: {}\ningress:\n  - ports: [${port}]`, ...told],
  ),
]

test.for(all)("%s", ([, spec, ...told]) => {
  const { text, places } = unmarked(policyWith(spec))
  expect(readText(text).diagnostics.map(toldOf)).toEqual(expectedOf(places, told))
})

test("a policy without podSelector is for every pod", () => {
  const text = policyWith("ingress: []")
  expect(readText(text).diagnostics.map(toldOf)).toEqual(["4:1 PNP0317 spec"])
})

test("mistakes of every level are told at once", () => {
  const { text, places } = unmarked(
    policyWith(`podSelector: { matchLabels: { app: ▸true } }
ingress:
  - from:
      - namespaceSelector: { matchExpressions: [▸{ key: a, operator: NotIn }] }
        ▸ipBlock: { cidr: ▸10.0.0.0/40 }
    ports: [{ port: ▸0 }]
    ▸prots: []
▸egres: []`),
  )
  expect(readText(text).diagnostics.map(toldOf)).toEqual(
    expectedOf(places, [
      "PNP0203 spec.podSelector.matchLabels.app",
      "PNP0212 spec.ingress[0].from[0].namespaceSelector.matchExpressions[0]",
      "PNP0306 spec.ingress[0].from[0].ipBlock",
      "PNP0301 spec.ingress[0].from[0].ipBlock.cidr",
      "PNP0308 spec.ingress[0].ports[0].port",
      "PNP0201 spec.ingress[0].prots",
      "PNP0201 spec.egres",
    ]),
  )
})

test.for([
  ["a policy without mistakes", "podSelector: {}\npolicyTypes: [Ingress, Egress]\ningress: [{}]\negress: []"],
  ["null is absent", "podSelector: {}\npolicyTypes: null\ningress: null\negress: null"],
  [
    "null fields of rules and peers",
    "podSelector: {}\ningress: [{ from: [{ podSelector: {}, ipBlock: null }], ports: null }]",
  ],
  ["constructor is a label", "podSelector: { matchLabels: { constructor: a, toString: b } }"],
  [
    "the longest label",
    `podSelector: { matchLabels: { ${"a".repeat(63)}: ${"b".repeat(63)}, app.kubernetes.io/name: "" } }`,
  ],
  ["quoted booleans and numbers", 'podSelector: { matchLabels: { a: "true", b: "1", c: "yes" } }'],
  [
    "yaml anchors and merges",
    "podSelector: &web { matchLabels: { app: web } }\ningress: [{ from: [{ podSelector: *web }] }]",
  ],
  [
    "all ports of a protocol",
    "podSelector: {}\ningress: [{ ports: [{ protocol: SCTP }, { port: 1, endPort: 65535 }] }]",
  ],
] as const)("%s is good", ([, spec]) => {
  expect(readText(policyWith(spec)).diagnostics).toEqual([])
})
