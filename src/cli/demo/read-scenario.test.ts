import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { readScenario } from "./read-scenario.ts"

function folder(manifests: string): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-scenario-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, "all.yaml"), manifests)
  return directory
}

function pods(number: number): string {
  return Array.from(
    { length: number },
    (_, index) => `
---
apiVersion: v1
kind: Pod
metadata: { name: pod-${index}, labels: { app: pod-${index} } }
spec: { containers: [{ name: main, image: example.org/pod, ports: [{ containerPort: 80 }] }] }
`,
  ).join("")
}

function policy(...cidrs: readonly string[]): string {
  const blocks = cidrs.map((cidr) => `{ ipBlock: { cidr: "${cidr}" } }`).join(", ")
  return `
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: blocks }
spec: { podSelector: {}, ingress: [{ from: [${blocks}] }] }
`
}

function assertion(from: string, to = "default/pod-0", ports = "80/TCP"): string {
  return `
---
apiVersion: postern.dev/v1alpha1
kind: ConnectivityAssertion
metadata: { name: asserted }
spec: { from: "${from}", to: "${to}", ports: [${ports}], expect: Allow }
`
}

function scenarioOf(manifests: string) {
  const read = readScenario(folder(manifests))
  if (!read.ok) throw new Error(read.diagnostics.map((each) => each.message).join("; "))
  return read.value
}

describe("a scenario", () => {
  test("may be a single file", () => {
    const file = join(folder(pods(1) + policy("10.0.0.0/8")), "all.yaml")
    const read = readScenario(file)
    if (!read.ok) throw new Error("not read")
    const name = { kind: "NetworkPolicy", namespace: "default", name: "blocks" }
    expect(read.value).toMatchObject({ name: "all.yaml" })
    expect(read.value.locate(name, "spec")).toMatchObject({ file: "all.yaml" })
  })

  test.for<[string, string, readonly string[]]>([
    ["a cluster that makes too many connections", pods(120), ["PNP0951"]],
    [
      "an assertion from an address of a node's range that no pod has",
      pods(1) + assertion("10.244.1.99"),
      ["PNP0952"],
    ],
    ["an assertion about nobody", pods(1) + assertion("default/nobody"), ["PNP0902"]],
    ["a pod that cannot be read", pods(1).replace("containerPort: 80", "containerPort: eighty"), ["PNP0203"]],
  ])("is refused for %s", ([, manifests, codes]) => {
    const read = readScenario(folder(manifests))
    expect(read.ok ? [] : read.diagnostics.map((each) => each.code)).toStrictEqual(codes)
  })

  test.for<[string, string, readonly string[]]>([
    ["no others by default", "", []],
    ["those that assertions name", assertion("198.51.100.7"), ["198.51.100.7"]],
    ["one of each block", policy("172.16.0.0/12", "2001:db8:5::/48"), ["172.16.0.1", "2001:db8:5::1"]],
    ["none for blocks that the others are in", policy("203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32"), []],
    ["the address itself of a block of one", policy("192.0.2.9/32"), ["192.0.2.9"]],
    ["none of a pod's", policy("10.244.1.10/32"), []],
    ["none that no host can have", policy("127.0.0.0/8", "224.0.0.0/8", "fe80::/10"), []],
  ])("has outside addresses: %s", ([, manifests, others]) => {
    const { outside } = scenarioOf(pods(1) + manifests)
    expect(outside).toStrictEqual(["203.0.113.10", "2001:db8:113::10", ...others])
  })

  test("names the files of its rules by their place in its folder", () => {
    const { locate } = scenarioOf(pods(1) + policy("192.0.2.0/24"))
    const blocks = { kind: "NetworkPolicy", namespace: "default", name: "blocks" }
    expect(locate(blocks, "spec.ingress[0]")).toMatchObject({ file: "all.yaml", line: 12 })
    expect(locate({ ...blocks, name: "other" }, "spec")).toBeNull()
  })
})

describe("what is tried", () => {
  const tried = (manifests: string) => scenarioOf(manifests).tries

  test("is every source with every declared port, undeclared ones and ICMP, over both families", () => {
    // Two pods, two nodes and the outside, each to two pods (five ports of theirs) and outside (443, four undeclared, ICMP).
    const each = 2 * 5 + 5
    expect(tried(pods(2))).toHaveLength(5 * 2 * each)
  })

  test("is a Service from pods, where it leads to one pod", () => {
    const service = `
---
apiVersion: v1
kind: Service
metadata: { name: one }
spec: { selector: { app: pod-0 }, ports: [{ port: 8000, targetPort: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody }
spec: { selector: { app: none }, ports: [{ port: 8000, targetPort: 80 }] }
`
    const through = tried(pods(2) + service).filter((each) => each.service !== null)
    expect(
      through.map(({ request, row, service }) => [row, service, request.to, request.port]),
    ).toStrictEqual([
      ["default/pod-0", "default/one", "10.96.0.10", 8000],
      ["default/pod-0", "default/one", "fd00:10:96::a", 8000],
      ["default/pod-1", "default/one", "10.96.0.10", 8000],
      ["default/pod-1", "default/one", "fd00:10:96::a", 8000],
    ])
  })

  test("is not drawn from a pod to itself, and what is undeclared is not drawn", () => {
    const drawn = tried(pods(2)).filter((each) => each.column !== null)
    expect(
      drawn.filter((each) => each.row === "default/pod-0" && each.column === "default/pod-0 80/TCP"),
    ).toStrictEqual([])
    expect(new Set(drawn.map((each) => each.request.port))).toStrictEqual(new Set([80, 443]))
  })

  test("expects what the policies say", () => {
    const blocked = tried(pods(1) + policy("203.0.113.0/24")).filter(
      (each) => each.column === "default/pod-0 80/TCP",
    )
    const expected = (row: string) => blocked.filter((each) => each.row === row).map((each) => each.expected)
    expect(expected("outside")).toStrictEqual(["allowed", "denied"])
    expect(expected("node/bridged")).toStrictEqual(["allowed", "allowed"])
    expect(expected("node/routed")).toStrictEqual(["denied", "denied"])
  })
})

describe("an assertion", () => {
  const requests = (text: string) =>
    scenarioOf(pods(2) + text).assertions.map(({ request, expected }) => [
      request.from,
      request.to,
      request.protocol,
      request.port,
      expected,
    ])

  test("is tried over every family both ends have", () => {
    expect(requests(assertion("default/pod-1"))).toStrictEqual([
      ["10.244.2.10", "10.244.1.10", "TCP", 80, "allowed"],
      ["fd00:10:244:2::a", "fd00:10:244:1::a", "TCP", 80, "allowed"],
    ])
  })

  test("about a range of ports is tried at both ends of each stretch that has one answer", () => {
    const ports = requests(assertion("203.0.113.10", "default/pod-0", "79-90/TCP")).map((each) => each[3])
    expect(ports).toStrictEqual([79, 90])
  })

  test("about ICMP has no port", () => {
    expect(requests(assertion("203.0.113.10", "default/pod-0", "ICMP"))).toStrictEqual([
      ["203.0.113.10", "10.244.1.10", "ICMP", 0, "allowed"],
    ])
  })

  test("remembers what the evaluator says, whatever is asserted", () => {
    const [first] = scenarioOf(pods(1) + policy("192.0.2.0/24") + assertion("203.0.113.10")).assertions
    expect(first).toMatchObject({ expected: "allowed", evaluated: "denied" })
  })
})
