// What the agent sees of its node: events, interfaces, CNI results, foreign chains.

import type { Ruleset } from "nftables-json/schema"
import { describe, expect, test } from "vitest"
import { antispoofRuleset, linkLocal } from "./antispoof.ts"
import { attachmentsIn } from "./cni-results.ts"
import { foreignProblems } from "./foreign-rules.ts"
import { type LocalAddresses, type Observed, surroundingsOf } from "./interfaces.ts"
import { words } from "./ipv6-words.ts"
import type { Link } from "./links.ts"
import { isInRanges, localAddressesIn } from "./local-addresses.ts"
import { type EventBatch, type NftablesEvent, readEvent } from "./nft-events.ts"
import { tooOld } from "./preflight.ts"
import { canRedirect } from "./traffic-control.ts"

describe("nftables events", () => {
  const batch = (tables: readonly string[], rest: Partial<EventBatch> = {}): NftablesEvent => ({
    kind: "batch",
    batch: { tables: new Set(tables), revision: undefined, baseChain: false, ...rest },
  })
  test.for<[string, string, NftablesEvent | undefined]>([
    ["of one table", "batch\tinet\tpostern", batch(["inet postern"])],
    ["of several", "batch\tinet\tpostern\tip\ta", batch(["inet postern", "ip a"])],
    [
      "that wrote a revision",
      "batch\tinet\tpostern\trevision\t10",
      batch(["inet postern"], { revision: 10 }),
    ],
    ["with a base chain", "batch\tip\tf\thook", batch(["ip f"], { baseChain: true })],
    ["that were lost", "lost", { kind: "lost" }],
    ["that will come", "listening", { kind: "listening" }],
    ["of a kind that is not known", "else", undefined],
  ])("%s", ([, line, expected]) => {
    expect(readEvent(line)).toEqual(expected)
  })
})

const link = (name: string, kind: string, master = ""): Link => ({
  name,
  kind,
  master,
  bridge: kind === "bridge" ? { nfCallIptables: true, nfCallIp6tables: true } : undefined,
})
const attached = (...result: Parameters<typeof cniResult>) => attachmentsIn(cniResult(...result)) ?? []
const cniResult = (host: readonly string[], addresses: readonly string[]): string =>
  JSON.stringify({
    kind: "cniCacheV1",
    ifName: "eth0",
    cniArgs: [["K8S_POD_UID", "uid-1"]],
    result: {
      cniVersion: "1.0.0",
      interfaces: [
        ...host.map((name) => ({ name, mac: "aa:aa:aa:aa:aa:aa" })),
        { name: "eth0", mac: "0A:58:0A:01:00:02", sandbox: "/run/netns/x" },
      ],
      ips: addresses.map((address) => ({ address, interface: host.length })),
    },
  })

describe("CNI results", () => {
  test("name the node's ends, the pod's hardware address and its addresses", () => {
    expect(attached(["cni0", "veth1"], ["10.1.0.2/24", "fd00::2/64"])).toEqual([
      {
        podUid: "uid-1",
        hostInterfaces: ["cni0", "veth1"],
        hardwareAddress: "0a:58:0a:01:00:02",
        addresses: ["10.1.0.2", "fd00::2"],
      },
    ])
  })
  test.for<[string, string]>([
    ["no JSON", "{"],
    ["no result", "{}"],
    ["no addresses", cniResult(["veth1"], [])],
    ["a list", "[]"],
  ])("that say nothing are nothing: %s", ([, text]) => {
    expect(attachmentsIn(text) ?? []).toEqual([])
  })
})

describe("pod interfaces", () => {
  const local: LocalAddresses = { addresses: new Set(["10.9.9.9"]), ranges: [["10.1.0.0", "10.1.0.255"]] }
  const observed = (rest: Partial<Observed>): Observed => ({
    links: [
      link("eth0", ""),
      link("cni0", "bridge"),
      link("veth1", "veth", "cni0"),
      link("veth2", "veth"),
      link("flannel.1", "vxlan"),
      link("flannel-wg", "wireguard"),
    ],
    routes: [],
    attachments: [],
    ...rest,
  })

  test.for<[string, Partial<Observed>, readonly string[]]>([
    [
      "a host route to an address of the program leads to a pod",
      { routes: [{ destination: "10.9.9.9", interface: "veth2" }] },
      ["veth2"],
    ],
    [
      "a host route to an unknown address of a local range does too",
      { routes: [{ destination: "10.1.0.7", interface: "veth2" }] },
      ["veth2"],
    ],
    [
      "the route of a local range leads to the bridge",
      { routes: [{ destination: "10.1.0.0/24", interface: "cni0" }] },
      ["cni0"],
    ],
    [
      "the range of another node does not",
      { routes: [{ destination: "10.1.1.0/24", interface: "flannel.1" }] },
      [],
    ],
    [
      "nor does a tunnel to all pods of the cluster (flannel's WireGuard), which begin where the local ones begin",
      { routes: [{ destination: "10.1.0.0/16", interface: "flannel-wg" }] },
      [],
    ],
    [
      "but a bridge of all pods of the cluster does",
      { routes: [{ destination: "10.1.0.0/16", interface: "cni0" }] },
      ["cni0"],
    ],
    ["a name alone says nothing", {}, []],
    [
      "a CNI result whose veth is gone says nothing",
      { attachments: attached(["veth9"], ["10.1.0.2/24"]) },
      [],
    ],
    [
      "a CNI result on a bridge names the bridge",
      { attachments: attached(["cni0", "veth1"], ["10.1.0.2/24"]) },
      ["cni0"],
    ],
    [
      "a CNI result without bridge names the veth",
      { attachments: attached(["veth2"], ["10.1.0.2/32"]) },
      ["veth2"],
    ],
  ])("%s", ([, rest, expected]) => {
    expect(surroundingsOf(observed(rest), local).podInterfaces).toEqual(expected)
  })

  test("a port of the pods' bridge that no CNI result speaks of is told", () => {
    const found = surroundingsOf(
      observed({ routes: [{ destination: "10.1.0.0/24", interface: "cni0" }] }),
      local,
    )
    expect(found.unknownPorts).toEqual(["veth1"])
  })
})

describe("the local ranges of a ruleset", () => {
  const ruleset: Ruleset = [
    {
      set: {
        family: "inet",
        table: "postern",
        name: "local4_x",
        type: "ipv4_addr",
        elem: [{ prefix: { addr: "10.1.0.0", len: 23 } }, { range: ["10.7.0.1", "10.7.0.3"] }, "10.8.0.1"],
      },
    },
    {
      set: {
        family: "inet",
        table: "postern",
        name: "local6_x",
        type: "ipv6_addr",
        elem: [{ prefix: { addr: "fd00:1:2::", len: 60 } }],
      },
    },
    {
      map: {
        family: "inet",
        table: "postern",
        name: "egress4",
        type: "ipv4_addr",
        map: "verdict",
        elem: [["10.1.0.2", { goto: { target: "to_ingress" } }]],
      },
    },
  ]
  test.for<[string, boolean]>([
    ["10.1.1.255", true],
    ["10.1.2.0", false],
    ["10.7.0.2", true],
    ["10.7.0.4", false],
    ["10.8.0.1", true],
    ["fd00:1:2:f::1", true],
    ["fd00:1:2:10::1", false],
  ])("%s: %s", ([address, expected]) => {
    expect(isInRanges(localAddressesIn(ruleset))(address)).toBe(expected)
  })
  test("the dispatch maps' keys are its addresses", () => {
    expect([...localAddressesIn(ruleset).addresses.keys()]).toEqual(["10.1.0.2"])
  })
})

describe("antispoofing on bridge ports", () => {
  test("without ports there is no table", () => {
    expect(antispoofRuleset({ known: [], unknown: [] })).toEqual([])
  })
  test.for<[string, readonly number[]]>([
    ["::", [0, 0, 0, 0]],
    ["fd00:1::2", [0xfd000001, 0, 0, 2]],
    ["::ffff:10.0.0.1", [0, 0, 0xffff, 0x0a000001]],
    ["1:2:3:4:5:6:7:8", [0x00010002, 0x00030004, 0x00050006, 0x00070008]],
  ])("the words of %s", ([address, expected]) => {
    expect(words(address)).toEqual(expected)
  })
  test("a hardware address makes the link-local address of RFC 4291", () => {
    expect(linkLocal("0a:58:0a:01:00:02")).toBe("fe80:0:0:0:858:aff:fe01:2")
  })
})

describe("foreign chains", () => {
  const base = (
    name: string,
    policy: "accept" | "drop",
    hook: "forward" | "postrouting" = "forward",
  ): Ruleset[number] => ({
    chain: { family: "ip", table: "f", name, type: "filter", hook, prio: 0, policy },
  })
  const rule = (
    chain: string,
    ...expr: Extract<Ruleset[number], { rule: unknown }>["rule"]["expr"]
  ): Ruleset[number] => ({
    rule: { family: "ip", table: "f", chain, expr },
  })
  test.for<[string, Ruleset, readonly string[]]>([
    ["a policy of drop is a warning", [base("forward", "drop")], ["warning ip f forward"]],
    [
      "a rule that drops is a note",
      [base("forward", "accept"), rule("forward", { drop: null })],
      ["note ip f forward"],
    ],
    [
      "a drop behind a jump and a map is found",
      [
        base("forward", "accept"),
        rule("forward", { jump: { target: "a" } }),
        rule("a", { vmap: { key: { meta: { key: "mark" } }, data: "@m" } }),
        {
          map: {
            family: "ip",
            table: "f",
            name: "m",
            type: "mark",
            map: "verdict",
            elem: [[1, { goto: { target: "b" } }]],
          },
        },
        rule("b", { reject: null }),
      ],
      ["note ip f forward"],
    ],
    [
      "chains that lead round in a circle end",
      [base("forward", "accept"), rule("forward", { jump: { target: "forward" } })],
      [],
    ],
    ["chains on other hooks do not matter", [base("postrouting", "drop", "postrouting")], []],
    [
      "a flowtable hides connections",
      [{ flowtable: { family: "ip", table: "f", name: "ft" } }],
      ["error ip f ft"],
    ],
  ])("%s", ([, ruleset, expected]) => {
    const found = foreignProblems(ruleset)
    expect(found.map((problem) => `${problem.severity} ${problem.subject}`)).toEqual(expected)
  })
})

test.for<[string, boolean]>([
  ["nftables v1.0.6 (Lester Gooch #5)", false],
  ["nftables v1.1.1 (Commodore Bullmoose #2)", false],
  ["nftables v2.0.0 (x)", false],
  ["nftables v1.0.5 (x)", true],
  ["nftables v0.9.8 (E.D.S.)", true],
])("%s is too old: %s", ([version, expected]) => {
  expect(tooOld(version).length > 0).toBe(expected)
})

test.for<[string, Readonly<Record<string, unknown>>, boolean]>([
  ["a classifier that is a program", { kind: "bpf", options: {} }, true],
  [
    "an action that redirects",
    { kind: "matchall", options: { actions: [{ kind: "mirred", mirred_action: "redirect" }] } },
    true,
  ],
  ["an action that is a program", { kind: "u32", options: { actions: [{ kind: "bpf" }] } }, true],
  ["a rate limit", { kind: "matchall", options: { actions: [{ kind: "police" }] } }, false],
])("%s can send packets round the rules: %s", ([, filter, expected]) => {
  expect(canRedirect(filter)).toBe(expected)
})
