// Who is judged, and by what: the conntrack tuple, in both directions. docs/data-path.md 1.1 and 4.5.

import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { service } from "../snapshots.ts"
import { type Cluster, createCluster, eventually } from "./cluster.ts"
import { at, deny, noPolicy, pods, policy, selects, shop, v4, v6 } from "./shop.ts"
import { goesOn, laterLines, received } from "./traffic.ts"

let cluster: Cluster
const { server, client, other, far } = pods

beforeAll(async () => {
  const services = [
    service("web", {
      selector: { app: "server" },
      clusterIPs: ["10.96.0.10", "fd01:96::10"],
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
    }),
  ]
  cluster = await createCluster({ ...shop, services })
})
afterAll(() => cluster.close())
afterEach(() => cluster.traffic.stopAll())

/** More than any test waits for. */
const ENDLESS = 100_000

/** A flow to the port has begun. */
async function begun(port: number): Promise<void> {
  const entries = (family: string): Promise<string> =>
    cluster.run("node/node-a", `conntrack -L -f ${family} -p udp --dport ${port} 2>/dev/null`)
  await eventually(
    async () => `${await entries("ipv4")}${await entries("ipv6")}`.includes(`dport=${port} `),
    `a flow to ${port}`,
  )
}

describe.for<[string, (pod: typeof server) => string]>([
  ["IPv4", v4],
  ["IPv6", v6],
])("%s", ([, address]) => {
  test("a UDP server that streams to a silent client stops when the client is cut off, and at once", async () => {
    // The client's one datagram makes the flow; from then on only the server sends, all of it replies.
    const sink = cluster.traffic.start(
      at.client,
      `stream ${address(client)} 5000 ${address(server)} 6000 ${ENDLESS} 1`,
    )
    await begun(6000)
    cluster.traffic.start(at.server, `stream ${address(server)} 6000 ${address(client)} 5000 2 ${ENDLESS}`)
    await sink.until((line) => line === "10")
    await cluster.apply(deny("client", "Ingress", "Egress"))
    expect(await laterLines(sink)).toEqual([])
    await cluster.apply(noPolicy("deny-client"))
  })

  test("a server-only stream that stays allowed has no gap while policies change", async () => {
    const sink = await cluster.traffic.ready(at.far, `sink ${address(far)} 5001`)
    cluster.traffic.start(at.server, `stream ${address(server)} 6001 ${address(far)} 5001 2 ${ENDLESS}`)
    await sink.until((line) => line.startsWith("10 "))
    const toFar = policy("far", { ...selects("far"), ingress: [{ from: [selects("server")] }] })
    await cluster.apply(toFar)
    await cluster.apply(deny("client", "Ingress", "Egress"))
    await cluster.apply(noPolicy("deny-client"))
    await goesOn(sink, 50)
    const { numbers } = received(sink)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1))
    await cluster.apply(noPolicy("far"))
  })

  test("replies are judged as their flow: both directions of a UDP dialogue stop with the flow's policy", async () => {
    const echo = await cluster.traffic.ready(at.server, `echo udp ${address(server)} 5002`)
    const dialogue = cluster.traffic.start(
      at.far,
      `stream ${address(far)} 6002 ${address(server)} 5002 2 ${ENDLESS}`,
    )
    await dialogue.until((line) => line === "10")
    // Egress of the server is not what the flow asks for: replies go on.
    await cluster.apply(deny("server", "Egress"))
    await goesOn(dialogue, 50)
    await cluster.apply(deny("far", "Egress"))
    expect(await laterLines(dialogue, echo)).toEqual([])
    await cluster.apply(noPolicy("deny-far"), noPolicy("deny-server"))
  })

  test("a TCP connection stops when its flow is denied, whichever end sends", async () => {
    await cluster.traffic.ready(at.server, `echo tcp ${address(server)} 5003`)
    const chat = cluster.traffic.start(
      at.far,
      `chat ${address(far)} 6003 ${address(server)} 5003 5 ${ENDLESS}`,
    )
    await chat.until((line) => line === "5")
    await cluster.apply(deny("server", "Ingress"))
    expect(await laterLines(chat)).toEqual([])
    // Allowed again, it goes on where it stood: nothing was cut, nothing is lost.
    await cluster.apply(noPolicy("deny-server"))
    await goesOn(chat, 50)
    const { numbers } = received(chat)
    expect(numbers).toEqual(numbers.map((_, i) => i + 1))
  })

  test("datagrams of 5,000 bytes on a bridge are put together and judged whole", async () => {
    const sink = await cluster.traffic.ready(at.client, `sink ${address(client)} 5004`)
    await cluster.apply(
      policy("client", {
        ...selects("client"),
        ingress: [{ from: [selects("server")], ports: [{ protocol: "UDP", port: 5004 }] }],
      }),
    )
    cluster.traffic.start(at.server, `stream ${address(server)} 6004 ${address(client)} 5004 2 5 5000`)
    cluster.traffic.start(at.other, `stream ${address(other)} 6004 ${address(client)} 5004 2 5 5001`)
    await sink.until((line) => line.startsWith("5 "))
    await setTimeout(50)
    const sizes = new Set(sink.lines.slice(1).map((line) => line.text.split(" ")[1]))
    expect(sizes).toEqual(new Set(["5002"]))
    await cluster.apply(noPolicy("client"))
  })
})

describe("behind DNAT", () => {
  const probe = (from: string, to: string, port: number) =>
    cluster.lab.probe({ from, to, protocol: "TCP", port }).then((result) => result.verdict)

  test.for<[string, string]>([
    [v4(far), "10.96.0.10"],
    [v6(far), "fd01:96::10"],
    [v4(client), "10.96.0.10"],
  ])("%s to Service %s is judged by the pod's address and the target port", async ([from, clusterIp]) => {
    expect(await probe(from, clusterIp, 80)).toBe("allowed")
    const ingress = (port: number) =>
      policy("server", { ...selects("server"), ingress: [{ ports: [{ port }] }] })
    await cluster.apply(ingress(8080))
    expect(await probe(from, clusterIp, 80)).toBe("allowed")
    await cluster.apply(ingress(80))
    expect(await probe(from, clusterIp, 80)).toBe("denied")
    await cluster.apply(noPolicy("server"))
  })

  test.for(["10.96.0.10", "fd01:96::10"])(
    "a pod to itself through its Service %s is judged by its own identity",
    async (clusterIp) => {
      const from = clusterIp.includes(":") ? v6(server) : v4(server)
      const onlyFrom = (name: string) =>
        policy("server", { ...selects("server"), ingress: [{ from: [selects(name)] }] })
      await cluster.apply(onlyFrom("server"))
      expect(await probe(from, clusterIp, 80)).toBe("allowed")
      await cluster.apply(onlyFrom("client"))
      expect(await probe(from, clusterIp, 80)).toBe("denied")
      await cluster.apply(noPolicy("server"))
    },
  )
})

describe("packets without a usable tuple", () => {
  test("untracked ones are judged by their header", async () => {
    const rules =
      "table ip untracked { chain p { type filter hook prerouting priority -300; udp dport 5010 notrack; }; }"
    await cluster.run("node/node-a", `nft '${rules}'`)
    const sink = await cluster.traffic.ready(at.server, `sink ${v4(server)} 5010`)
    await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
    cluster.traffic.start(at.other, `stream ${v4(other)} 6010 ${v4(server)} 5010 2 20 100`)
    const allowed = cluster.traffic.start(at.client, `stream ${v4(client)} 6010 ${v4(server)} 5010 2 20 200`)
    await allowed.ended
    await sink.until((line) => line.startsWith("20 "))
    await setTimeout(50)
    const sizes = sink.lines
      .slice(1)
      .map((line) => Number(line.text.split(" ")[1]) - (line.text.split(" ")[0]?.length ?? 0))
    expect(new Set(sizes)).toEqual(new Set([201]))
    expect(sizes.length).toBe(20)
    expect(await cluster.run("node/node-a", "conntrack -L -p udp --dport 5010 2>/dev/null")).toBe("")
    await cluster.run("node/node-a", "nft delete table ip untracked")
    await cluster.apply(noPolicy("server"))
  })
})

describe("the node's own traffic", () => {
  test("probes of the node pass a pod that denies all, and are stamped", async () => {
    await cluster.apply(deny("server", "Ingress", "Egress"))
    const nodeAddress = "192.168.0.1"
    expect(
      await cluster.lab.probe({ from: nodeAddress, to: v4(server), protocol: "TCP", port: 5020 }),
    ).toMatchObject({ verdict: "allowed" })
    const generation = cluster.agent("node-a").enforcer.status().generation ?? 0
    const entries = await cluster.run("node/node-a", "conntrack -L -p tcp --dport 5020 2>/dev/null")
    expect(entries).toContain(`mark=${generation * 2 ** 24} `)
    await cluster.apply(noPolicy("deny-server"))
  })
  test("another node's does not", async () => {
    await cluster.apply(deny("server", "Ingress"))
    expect(
      await cluster.lab.probe({ from: "192.168.0.2", to: v4(server), protocol: "TCP", port: 5021 }),
    ).toMatchObject({ verdict: "denied" })
    await cluster.apply(noPolicy("deny-server"))
  })
})

test("UDP with fixed ports at both ends: the direction that is still allowed can start anew", async () => {
  const [here, there] = [v4(server), v4(far)]
  const sink = await cluster.traffic.ready(at.far, `sink ${there} 5030`)
  // The flow is far's; the server answers from the same ports.
  cluster.traffic.start(at.far, `stream ${there} 5031 ${here} 5032 5 ${ENDLESS}`)
  await begun(5032)
  cluster.traffic.start(at.server, `stream ${here} 5032 ${there} 5031 5 ${ENDLESS}`)
  const reader = cluster.traffic.start(at.far, "sniff eth0")
  await reader.until((line) => line.includes("13a813a7"))
  await cluster.apply(deny("server", "Ingress"))
  // 5032 to 5031: denied with its flow at first, then a flow of the server's own, which nothing denies.
  const moment = performance.now() + 500
  const again = () => reader.lines.filter((line) => line.at > moment && line.text.includes("13a813a7"))
  await expect.poll(() => again().length).toBeGreaterThan(20)
  await sink.stop()
  await cluster.apply(noPolicy("deny-server"))
})
