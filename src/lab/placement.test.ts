import { describe, expect, test } from "vitest"
import { node, pod, service, snapshot } from "../../test/snapshots.ts"
import { placed } from "./placement.ts"
import { labSpecOf } from "./snapshot-lab.ts"

const unplaced = { node: "", addresses: [] }

describe("placement", () => {
  test("gives manifests without nodes a bridged and a routed one, and pods to each in turn", () => {
    const result = placed(snapshot({ pods: [pod("a", unplaced), pod("b", unplaced), pod("c", unplaced)] }))
    expect(
      result.nodes.map(({ name, addresses, podCIDRs }) => ({ name, addresses, podCIDRs })),
    ).toStrictEqual([
      {
        name: "bridged",
        addresses: ["172.31.0.10", "fd00:172:31::a"],
        podCIDRs: ["10.244.1.0/24", "fd00:10:244:1::/64"],
      },
      {
        name: "routed",
        addresses: ["172.31.0.11", "fd00:172:31::b"],
        podCIDRs: ["10.244.2.0/24", "fd00:10:244:2::/64"],
      },
    ])
    expect(result.pods.map(({ name, node, addresses }) => ({ name, node, addresses }))).toStrictEqual([
      { name: "a", node: "bridged", addresses: ["10.244.1.10", "fd00:10:244:1::a"] },
      { name: "b", node: "routed", addresses: ["10.244.2.10", "fd00:10:244:2::a"] },
      { name: "c", node: "bridged", addresses: ["10.244.1.11", "fd00:10:244:1::b"] },
    ])
  })

  test("keeps what the manifests say", () => {
    const given = snapshot({
      nodes: [node("n", { addresses: ["192.0.2.1"], podCIDRs: ["10.1.0.0/24"] })],
      pods: [pod("a", { node: "n", addresses: ["10.1.0.10"] })],
      services: [service("s", { selector: { app: "a" }, clusterIPs: ["10.96.0.10"] })],
    })
    expect(placed(given)).toStrictEqual(given)
  })

  test("gives nobody an address or a range that is in use", () => {
    const result = placed(
      snapshot({
        nodes: [node("n")],
        pods: [
          pod("a", { node: "elsewhere", addresses: ["10.244.1.7"] }),
          pod("b", unplaced),
          pod("c", { ...unplaced, node: "n" }),
        ],
        services: [
          service("s", { selector: { app: "a" }, clusterIPs: ["10.96.0.10"] }),
          service("t", { selector: { app: "b" } }),
        ],
      }),
    )
    expect(result.nodes[0]?.podCIDRs).toStrictEqual(["10.244.2.0/24", "fd00:10:244:1::/64"])
    expect(result.pods.map((each) => each.addresses[0])).toStrictEqual([
      "10.244.1.7",
      "10.244.2.10",
      "10.244.2.11",
    ])
    expect(result.services.map((each) => each.clusterIPs[0])).toStrictEqual(["10.96.0.10", "10.96.0.11"])
  })

  test.for<[string, Parameters<typeof pod>[1], readonly string[]]>([
    ["a finished pod gets no address", { ...unplaced, finished: true }, []],
    [
      "a pod in its node's network has the node's",
      { ...unplaced, hostNetwork: true },
      ["172.31.0.10", "fd00:172:31::a"],
    ],
    ["a pod of an unknown node gets no address", { ...unplaced, node: "nowhere" }, []],
  ])("%s", ([, rest, addresses]) => {
    expect(placed(snapshot({ pods: [pod("a", rest)] })).pods[0]?.addresses).toStrictEqual(addresses)
  })

  test("leaves a Service without a selector, and a headless one, without an address", () => {
    const services = [
      service("external"),
      service("headless", { selector: { app: "a" }, clusterIPs: ["None"] }),
    ]
    const result = placed(snapshot({ services }))
    expect(result.services).toStrictEqual(services)
    expect(labSpecOf(result).services.map((each) => each.clusterIPs)).toStrictEqual([[], []])
  })
})

describe("the lab of a snapshot", () => {
  const port = (targetPort: number | string) => ({ name: "", protocol: "TCP" as const, port: 80, targetPort })
  const web = (number: number) => ({
    addresses: ["10.0.0.1"],
    labels: { app: "web" },
    ports: [{ name: "http", protocol: "TCP" as const, port: number }],
  })

  test("sends a Service to the port that each selected pod calls by its name", () => {
    const spec = labSpecOf(
      snapshot({
        nodes: [node("node-a", { addresses: ["192.0.2.1"] })],
        pods: [
          pod("a", web(8080)),
          pod("b", { ...web(8081), addresses: ["10.0.0.2", "fd00::2"] }),
          pod("no-such-port", { addresses: ["10.0.0.3"], labels: { app: "web" } }),
          pod("finished", { ...web(1), finished: true }),
          pod("elsewhere", { ...web(2), namespace: "other" }),
          pod("unselected", { ...web(3), labels: {} }),
        ],
        services: [
          service("web", {
            selector: { app: "web" },
            clusterIPs: ["10.96.0.1"],
            ports: [port("http"), port(9000)],
          }),
        ],
      }),
    )
    expect(spec.services[0]?.ports.map((each) => each.backends)).toStrictEqual([
      [
        { address: "10.0.0.1", port: 8080 },
        { address: "10.0.0.2", port: 8081 },
        { address: "fd00::2", port: 8081 },
      ],
      [
        { address: "10.0.0.1", port: 9000 },
        { address: "10.0.0.2", port: 9000 },
        { address: "fd00::2", port: 9000 },
        { address: "10.0.0.3", port: 9000 },
      ],
    ])
  })

  test("has no finished pods, none without an address, and host-network ones in their node", () => {
    const spec = labSpecOf(
      snapshot({
        nodes: [node("node-a", { addresses: ["192.0.2.1"] })],
        pods: [
          pod("a", { addresses: ["10.0.0.1"] }),
          pod("finished", { addresses: ["10.0.0.1"], finished: true }),
          pod("waiting"),
          pod("unscheduled", { node: "", addresses: ["10.0.0.9"] }),
          pod("host", { hostNetwork: true, addresses: ["192.0.2.1"] }),
        ],
      }),
    )
    expect(spec.pods.map(({ name, addresses }) => [name, addresses])).toStrictEqual([
      ["a", ["10.0.0.1"]],
      ["host", []],
    ])
  })

  test("makes nodes bridged and routed in turn, unless told otherwise", () => {
    const nodes = [node("a"), node("b"), node("c")]
    const networks = (spec: ReturnType<typeof labSpecOf>) => spec.nodes.map((each) => each.network)
    expect(networks(labSpecOf(snapshot({ nodes })))).toStrictEqual(["bridge", "routed", "bridge"])
    expect(networks(labSpecOf(snapshot({ nodes }), { network: () => "routed" }))).toStrictEqual([
      "routed",
      "routed",
      "routed",
    ])
  })
})
