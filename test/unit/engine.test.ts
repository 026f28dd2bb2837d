import { describe, expect, test } from "vitest"
import { compile } from "../../src/compile/compile.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { Rule } from "../../src/compile/policy-ir.ts"
import type { Program } from "../../src/compile/program.ts"
import type { Pod, PolicyObject, Snapshot } from "../../src/compile/snapshot.ts"
import { lower } from "../../src/kinds/registry.ts"
import { irPolicy, lowerIr } from "../engine/changes.ts"
import { networkPolicy, node, pod, snapshot } from "../snapshots.ts"

const http = { name: "http", protocol: "TCP", port: 8080 } as const
const web = pod("web", { addresses: ["10.0.0.1"], ports: [http] })
const client = pod("client", { addresses: ["10.0.0.2"], node: "node-b" })

function admits(...from: readonly object[]): PolicyObject {
  return networkPolicy("p", { podSelector: { matchLabels: { app: "web" } }, ingress: [{ from }] })
}

function fromApp(app: string): object {
  return { podSelector: { matchLabels: { app } } }
}

function compiled(parts: Parameters<typeof snapshot>[0]): Program {
  return compile(snapshot({ namespaces: { shop: { team: "a" } }, ...parts }), { lower })
}

/** Members of every set that some node holds. */
function members(program: Program): Readonly<Record<string, readonly string[]>> {
  const keys = [...program.nodes.values()].flatMap((each) => [...each.sets()])
  return Object.fromEntries(keys.map((key) => [key, [...program.addressSet(key).members()].sort()]))
}

describe("members of a peer", () => {
  const spare = { namespace: "shop", labels: { app: "client" } }
  test.for<[string, readonly Pod[], readonly string[]]>([
    [
      "every address of a pod is a member, of both families",
      [pod("c", { ...spare, addresses: ["10.0.0.9", "fd00::9"] })],
      ["10.0.0.9", "fd00::9"],
    ],
    [
      "a host-network pod is never a member",
      [pod("c", { ...spare, addresses: ["10.0.0.9"], hostNetwork: true })],
      [],
    ],
    [
      "a finished pod owns its address no longer",
      [pod("c", { ...spare, addresses: ["10.0.0.9"], finished: true })],
      [],
    ],
    [
      "a pod that is not scheduled is a member by its address",
      [pod("c", { ...spare, addresses: ["10.0.0.9"], node: "" })],
      ["10.0.0.9"],
    ],
    ["a pod without an address is a member of nothing", [pod("c", spare)], []],
    [
      "an address of a finished pod is another pod's",
      [
        pod("a", { ...spare, labels: {}, addresses: ["10.0.0.9"], finished: true }),
        pod("b", { ...spare, addresses: ["10.0.0.9"] }),
      ],
      ["10.0.0.9"],
    ],
    [
      "of two pods with one address the first by name owns it",
      [
        pod("b", { ...spare, addresses: ["10.0.0.9"] }),
        pod("a", { ...spare, labels: {}, addresses: ["10.0.0.9"] }),
      ],
      [],
    ],
    [
      "a pod of another namespace is no member of a peer without a namespace selector",
      [pod("c", { ...spare, namespace: "other", addresses: ["10.0.0.9"] })],
      [],
    ],
    ["an inherited property is no label", [pod("c", { labels: {}, addresses: ["10.0.0.9"] })], []],
  ])("%s", ([, pods, expected]) => {
    const program = compiled({ pods: [web, ...pods], policies: [admits(fromApp("client"))] })
    expect(members(program)).toEqual({ "shop:app=client": expected })
  })

  test.for<[string, object, readonly string[]]>([
    [
      "an empty namespace selector holds pods of every namespace",
      { namespaceSelector: {} },
      ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
    ],
    [
      "a namespace without an object has only its name",
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ghost" } } },
      ["10.0.0.3"],
    ],
    [
      "NotIn holds a namespace without the key",
      { namespaceSelector: { matchExpressions: [{ key: "team", operator: "NotIn", values: ["a"] }] } },
      ["10.0.0.3"],
    ],
    [
      "both selectors must hold",
      { namespaceSelector: {}, podSelector: { matchLabels: { app: "client" } } },
      ["10.0.0.2"],
    ],
  ])("%s", ([, peer, expected]) => {
    const ghost = pod("ghost", { namespace: "ghost", addresses: ["10.0.0.3"] })
    const program = compiled({ pods: [web, client, ghost], policies: [admits(peer)] })
    expect(Object.values(members(program))).toEqual([expected])
  })
})

describe("a class says", () => {
  const two = (...ports: readonly object[]): PolicyObject =>
    networkPolicy("p", { podSelector: {}, ingress: [{ from: [fromApp("client")], ports }] })
  const origin = "by NetworkPolicy:shop:p#spec.ingress[0]]!NetworkPolicy:shop:p"
  test.for<[string, PolicyObject, string]>([
    [
      "nothing, where no policy selects the pod",
      networkPolicy("p", { podSelector: { matchLabels: { app: "db" } } }),
      "ingress",
    ],
    [
      "that a policy without rules isolates",
      networkPolicy("p", { podSelector: {} }),
      "ingress 200:NetworkPolicy[]!NetworkPolicy:shop:p",
    ],
    [
      "that a rule with a peer that matches nothing is a set without members, never any",
      admits(fromApp("nobody")),
      "ingress 200:NetworkPolicy[Accept *=<shop:app=nobody> by NetworkPolicy:shop:p#spec.ingress[0]]!NetworkPolicy:shop:p",
    ],
    [
      "that a rule without peers is for everyone",
      networkPolicy("p", { podSelector: {}, ingress: [{}] }),
      `ingress 200:NetworkPolicy[Accept *=any ${origin}`,
    ],
    [
      "what peers of several kinds share, as one union",
      admits(fromApp("b"), fromApp("a"), fromApp("b"), {
        ipBlock: { cidr: "10.0.0.0/30", except: ["10.0.0.1/32"] },
      }),
      `ingress 200:NetworkPolicy[Accept *=<shop:app=a|shop:app=b>[10.0.0.0,10.0.0.2-10.0.0.3] ${origin}`,
    ],
    [
      "nothing of a block that its excepts use up",
      admits({ ipBlock: { cidr: "10.0.0.0/31", except: ["10.0.0.0/32", "10.0.0.1/32"] } }),
      "ingress 200:NetworkPolicy[]!NetworkPolicy:shop:p",
    ],
    [
      "ports that touch as one range",
      two({ port: 80 }, { port: 81, endPort: 90 }, { port: 91 }),
      `ingress 200:NetworkPolicy[Accept TCP/80-91=<shop:app=client> ${origin}`,
    ],
    [
      "each protocol by itself",
      two({ port: 80 }, { port: 80, protocol: "UDP" }, { protocol: "SCTP" }),
      `ingress 200:NetworkPolicy[Accept SCTP/0-65535=<shop:app=client> TCP/80=<shop:app=client> UDP/80=<shop:app=client> ${origin}`,
    ],
    [
      "the number of an ingress port name on its subject",
      two({ port: "http" }),
      `ingress 200:NetworkPolicy[Accept TCP/8080=<shop:app=client> ${origin}`,
    ],
    [
      "nothing of a port name that the subject serves with another protocol",
      two({ port: "http", protocol: "UDP" }),
      "ingress 200:NetworkPolicy[]!NetworkPolicy:shop:p",
    ],
    [
      "the number of an ingress port name for a block, too",
      networkPolicy("p", {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: "http" }] }],
      }),
      `ingress 200:NetworkPolicy[Accept TCP/8080=[10.0.0.0-10.255.255.255] ${origin}`,
    ],
  ])("%s", ([, policy, expected]) => {
    expect(classOf(compiled({ pods: [web], policies: [policy] }), "web", "ingress")).toBe(expected)
  })

  test("ranges that overlap are split, and each part has the peers of all that cover it", () => {
    const rules = [
      { from: [fromApp("a")], ports: [{ port: 80, endPort: 90 }] },
      { from: [fromApp("b")], ports: [{ port: 85, endPort: 100 }] },
    ]
    const policy = networkPolicy("p", { podSelector: {}, ingress: rules })
    expect(classOf(compiled({ pods: [web], policies: [policy] }), "web", "ingress")).toContain(
      "TCP/80-84=<shop:app=a> TCP/85-90=<shop:app=a|shop:app=b> TCP/91-100=<shop:app=b>",
    )
  })

  test("rules of all policies of the NetworkPolicy tier are one run", () => {
    const policies = ["b", "a"].map((name) => {
      return networkPolicy(name, { podSelector: {}, ingress: [{ from: [fromApp(name)] }] })
    })
    expect(classOf(compiled({ pods: [web], policies }), "web", "ingress")).toBe(
      "ingress 200:NetworkPolicy[Accept *=<shop:app=a|shop:app=b> " +
        "by NetworkPolicy:shop:a#spec.ingress[0],NetworkPolicy:shop:b#spec.ingress[0]]" +
        "!NetworkPolicy:shop:a,NetworkPolicy:shop:b",
    )
  })

  test("rules of an ordered tier are one run only while their action stays the same", () => {
    const rule = (action: Rule["action"], i: number): Rule => ({
      action,
      peers: { kind: "any" },
      ports: { kind: "some", ranges: [{ protocol: "TCP", from: i, to: i }], names: [] },
      origin: { policy: { kind: "C", namespace: "", name: "c" }, path: `spec.ingress[${i}]` },
    })
    const policy = irPolicy({
      policy: { kind: "C", namespace: "", name: "c" },
      tier: { name: "Admin", order: 100 },
      order: 0,
      subject: { namespaces: { kind: "selector", selector: [] }, pods: [] },
      ingress: {
        isolates: false,
        rules: [rule("Accept", 1), rule("Accept", 2), rule("Log", 3), rule("Accept", 4)],
      },
    })
    const program = compile(snapshot({ pods: [web], policies: [policy] }), { lower: lowerIr })
    const [stage] = program.policyClass(classOf(program, "web", "ingress")).stages
    expect(
      stage?.runs.map(({ action, ports }) => [action, ...ports.map(({ from, to }) => `${from}-${to}`)]),
    ).toEqual([
      ["Accept", "1-2"],
      ["Log", "3-3"],
      ["Accept", "4-4"],
    ])
    expect(classOf(program, "web", "ingress")).toContain(
      ' by C:"":c#spec.ingress[1],C:"":c#spec.ingress[2];Log',
    )
  })
})

test("policies of a tier come by their order before their names", () => {
  const policies = (["Accept", "Deny"] as const).map((action, order) => {
    const policy = { kind: "C", namespace: "", name: order === 0 ? "z" : "a" }
    const anyone = { action, peers: { kind: "any" }, ports: { kind: "any" } } as const
    return irPolicy({
      policy,
      tier: { name: "Admin", order: 100 },
      order,
      subject: { namespaces: { kind: "selector", selector: [] }, pods: [] },
      ingress: { isolates: false, rules: [{ ...anyone, origin: { policy, path: "spec.ingress[0]" } }] },
    })
  })
  const program = compile(snapshot({ pods: [web], policies }), { lower: lowerIr })
  const [stage] = program.policyClass(classOf(program, "web", "ingress")).stages
  expect(stage?.runs.map(({ action }) => action)).toEqual(["Accept", "Deny"])
})

test("a policy that comes late and looks into many namespaces finds the pods of these and of no other", () => {
  const engine = createEngine({ lower })
  const names = Array.from({ length: 200 }, (_, i) => `n-${i}`)
  const isHeld = (i: number): boolean => i % 2 === 0
  engine.apply([
    ...names.map((name, i) => {
      const labels = { "kubernetes.io/metadata.name": name, even: String(isHeld(i)) }
      return { kind: "namespace", op: "set", value: { name, labels } } as const
    }),
    ...[...names, "shop"].map((namespace, i) => {
      const value = pod("web", { namespace, addresses: [`10.0.1.${i}`] })
      return { kind: "pod", op: "set", value } as const
    }),
  ])
  const peer = { namespaceSelector: { matchLabels: { even: "true" } }, ...fromApp("web") }
  engine.apply([{ kind: "policy", op: "set", value: admits(peer) }])
  engine.apply([{ kind: "pod", op: "delete", namespace: "n-0", name: "web" }])
  const expected = names.flatMap((_, i) => (isHeld(i) && i > 0 ? [`10.0.1.${i}`] : []))
  expect(members(engine.program())).toEqual({ "{even=true}:app=web": expected.sort() })
})

describe("an egress port name", () => {
  const to = (peers: readonly object[]): PolicyObject =>
    networkPolicy("p", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: peers, ports: [{ port: "http" }] }],
    })
  const other = pod("other", {
    namespace: "other",
    addresses: ["10.0.1.1"],
    ports: [
      { ...http, port: 80 },
      { ...http, protocol: "UDP" },
      { ...http, name: "admin", port: 9 },
    ],
  })
  test.for<[string, readonly object[], Readonly<Record<string, readonly string[]>>]>([
    [
      "is resolved on the pods of its peers",
      [fromApp("web")],
      { "TCP/http@shop:app=web": ["10.0.0.1 TCP 8080"] },
    ],
    [
      "without peers is every pod that serves it",
      [],
      { "TCP/http@{}:": ["10.0.0.1 TCP 8080", "10.0.1.1 TCP 80"] },
    ],
    ["of a block matches nothing", [{ ipBlock: { cidr: "10.0.0.0/8" } }], {}],
    [
      "of a block and a pod matches the pod alone",
      [{ ipBlock: { cidr: "10.0.0.0/8" } }, fromApp("web")],
      { "TCP/http@shop:app=web": ["10.0.0.1 TCP 8080"] },
    ],
    ["that nobody serves is a set without members", [fromApp("client")], { "TCP/http@shop:app=client": [] }],
  ])("%s", ([, peers, expected]) => {
    const program = compiled({ pods: [web, client, other], policies: [to(peers)] })
    const keys = [...program.nodes.values()].flatMap((each) => [...each.namedPortSets()])
    const found = keys.map((key) => {
      const all = [...program.namedPortSet(key).members()]
      return [key, all.map(({ address, protocol, port }) => `${address} ${protocol} ${port}`).sort()]
    })
    expect(Object.fromEntries(found)).toEqual(expected)
    expect(classOf(program, "client", "egress")).toContain("!NetworkPolicy:shop:p")
  })
})

describe("a node", () => {
  const policies = [admits(fromApp("client"))]
  test("has the classes and sets of its own endpoints, and nothing more", () => {
    const program = compiled({ pods: [web, client], policies })
    expect([...(program.nodes.get("node-a")?.sets() ?? [])]).toEqual(["shop:app=client"])
    expect([...(program.nodes.get("node-b")?.sets() ?? [])]).toEqual([])
    expect([...(program.nodes.get("node-b")?.classes() ?? [])].sort()).toEqual(["egress", "ingress"])
  })

  test("is there for its Node object or for a pod that names it, with its pod CIDRs in order", () => {
    const program = compiled({
      nodes: [node("n", { podCIDRs: ["fd00::/64", "10.0.0.0/24"] })],
      pods: [client],
    })
    expect([...program.nodes.keys()].sort()).toEqual(["n", "node-b"])
    expect(program.nodes.get("n")?.podCIDRs).toEqual(["10.0.0.0/24", "fd00::/64"])
    expect(program.families).toEqual(["IPv4", "IPv6"])
  })
})

describe("a delta", () => {
  const base = snapshot({
    namespaces: { shop: {} },
    pods: [web, client],
    policies: [admits(fromApp("client"))],
  })
  const engineWith = (start: Snapshot) => {
    const engine = createEngine({ lower })
    engine.apply(start.pods.map((value) => ({ kind: "pod", op: "set", value })))
    engine.apply(start.policies.map((value) => ({ kind: "policy", op: "set", value })))
    return engine
  }

  test("of a pod that comes is one member and one endpoint, for the nodes concerned", () => {
    const value = pod("client-2", { labels: { app: "client" }, addresses: ["10.0.0.3"], node: "node-b" })
    expect(engineWith(base).apply([{ kind: "pod", op: "set", value }])).toEqual({
      families: null,
      enforcement: null,
      sets: [{ key: "shop:app=client", added: ["10.0.0.3"], removed: [], nodes: ["node-a"] }],
      namedPortSets: [],
      nodes: [
        {
          node: "node-b",
          state: "kept",
          podCIDRs: null,
          endpoints: [
            {
              address: "10.0.0.3",
              pod: "shop/client-2",
              uid: value.uid,
              ingress: "ingress",
              egress: "egress",
            },
          ],
          changedAddresses: [],
          removedAddresses: [],
          pending: null,
          narrows: false,
          addedClasses: [],
          removedClasses: [],
          addedSets: [],
          removedSets: [],
          addedNamedPortSets: [],
          removedNamedPortSets: [],
        },
      ],
      lostClasses: [],
      forget: [],
      touchedPolicies: expect.any(Function),
    })
  })

  test.for<[string, Partial<Pod>, readonly string[]]>([
    ["an address whose pod is another one now is forgotten", { uid: "other" }, ["10.0.0.2"]],
    ["an address whose pod has finished is forgotten", { finished: true }, ["10.0.0.2"]],
    ["an address whose pod has other labels is not", { labels: { app: "x" } }, []],
    [
      "the address that a pod had before is forgotten, the one it has is not",
      { addresses: ["10.0.0.7"] },
      ["10.0.0.2"],
    ],
  ])("%s", ([, change, expected]) => {
    const value = { ...client, ...change }
    expect(engineWith(base).apply([{ kind: "pod", op: "set", value }]).forget).toEqual(expected)
  })

  test("of what changes nothing is empty", () => {
    const engine = engineWith(base)
    const again = engine.apply([
      { kind: "pod", op: "set", value: { ...client } },
      ...base.policies.map((value) => ({ kind: "policy", op: "set", value }) as const),
    ])
    expect(again).toEqual({
      families: null,
      enforcement: null,
      sets: [],
      namedPortSets: [],
      nodes: [],
      lostClasses: [],
      forget: [],
      touchedPolicies: expect.any(Function),
    })
  })

  test("nothing of a batch is applied where a policy cannot be lowered", () => {
    const engine = engineWith(base)
    const before = [...engine.program().nodes.keys()]
    const strange = { ...admits(), apiVersion: "example.com/v1" }
    const value = pod("new", { node: "node-z", addresses: ["10.0.0.8"] })
    expect(() =>
      engine.apply([
        { kind: "pod", op: "set", value },
        { kind: "policy", op: "set", value: strange },
      ]),
    ).toThrow("no registered kind of policy")
    engine.apply([])
    expect([...engine.program().nodes.keys()]).toEqual(before)
  })
})

function classOf(program: Program, name: string, direction: "ingress" | "egress"): string {
  const endpoints = [...program.nodes.values()].flatMap((each) => [...each.endpoints()])
  return endpoints.find((each) => each.pod === `shop/${name}`)?.[direction] ?? "no endpoint"
}
