// Live connections when policy, address or entry change. docs/data-path.md 1.6 to 1.8 and 3.1 to 3.3.

import { performance } from "node:perf_hooks"
import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { Change, Pod } from "../../src/compile/snapshot.ts"
import { type Cluster, type ClusterOptions, createCluster, eventually } from "./cluster.ts"
import { tcpPacket, udpPacket } from "./frames.ts"
import { at, deny, nodes, noPolicy, pods, policy, selects, shop, shopPod, v4 } from "./shop.ts"
import { goesOn, laterLines, received, type Talker } from "./traffic.ts"

let cluster: Cluster
const { server, client, other, far, farther } = pods

beforeAll(async () => {
  cluster = await createCluster(shop)
})
afterAll(() => cluster.close())
afterEach(() => cluster.traffic.stopAll())

/** More than any test waits for. */
const ENDLESS = 100_000

async function withCluster(options: ClusterOptions, use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const made = await createCluster(shop, options)
  try {
    await use(made)
  } finally {
    await made.close()
  }
}

describe("TCP that does not start with SYN starts no connection", () => {
  test("data of a denied client does not come through as replies when the entry is gone", async () => {
    const echo = await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7100`)
    const chat = cluster.traffic.start(at.far, `chat ${v4(far)} 7101 ${v4(server)} 7100 20 ${ENDLESS}`)
    await chat.until((line) => line === "3")
    await cluster.apply(deny("far", "Egress"))
    await cluster.run("node/node-a", "conntrack -D -p tcp --dport 7100 2>/dev/null")
    await cluster.run("node/node-b", "conntrack -D -p tcp --dport 7100 2>/dev/null")
    expect(await laterLines(echo, chat)).toEqual([])
    await cluster.apply(noPolicy("deny-far"))
  })

  test("an allowed connection without its entry stops, too, unless the setting lets it go on", async () => {
    const evicted = async (cluster: Cluster): Promise<Talker> => {
      await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7102`)
      const chat = cluster.traffic.start(
        at.client,
        `chat ${v4(client)} 7103 ${v4(server)} 7102 10 ${ENDLESS}`,
      )
      await chat.until((line) => line === "5")
      await cluster.run("node/node-a", "conntrack -D -p tcp --dport 7102 2>/dev/null")
      return chat
    }
    expect(await laterLines(await evicted(cluster))).toEqual([])
    await withCluster({ ruleset: { midStream: "accept" } }, async (open) => {
      await goesOn(await evicted(open), 10)
    })
  })
})

describe("a new owner of an address inherits nothing", () => {
  const reuse = (successor: Pod): readonly Change[] => [
    { kind: "pod", op: "delete", namespace: "shop", name: "client" },
    { kind: "pod", op: "set", value: successor },
  ]
  const back: readonly Change[] = [
    { kind: "pod", op: "delete", namespace: "shop", name: "heir" },
    { kind: "pod", op: "set", value: client },
  ]
  const heir = shopPod("heir", "node-a", 3)
  /** Conntrack's, on both nodes. */
  const entriesTo = (port: number, protocol: "tcp" | "udp"): Promise<readonly string[]> =>
    Promise.all(
      ["node/node-a", "node/node-b"].map((node) =>
        cluster.run(node, `conntrack -L -p ${protocol} --dport ${port} 2>/dev/null`),
      ),
    )

  test("no datagram of the predecessor's UDP flow reaches a pod that denies all", async () => {
    await cluster.apply(deny("heir", "Ingress", "Egress"))
    const sink = cluster.traffic.start(at.client, `stream ${v4(client)} 7200 ${v4(far)} 7201 ${ENDLESS} 1`)
    await eventually(
      async () => (await entriesTo(7201, "udp"))[0]?.includes("dport=7201 ") === true,
      "the flow begins",
    )
    cluster.traffic.start(at.far, `stream ${v4(far)} 7201 ${v4(client)} 7200 2 ${ENDLESS}`)
    await sink.until((line) => line === "10")
    await cluster.apply(...reuse(heir))
    expect(await laterLines(sink)).toEqual([])
    await cluster.apply(...back, noPolicy("deny-heir"))
  })

  test("no connection of the predecessor survives on any node, though the successor may do the same", async () => {
    await cluster.traffic.ready(at.far, `echo tcp ${v4(far)} 7202`)
    const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7203 ${v4(far)} 7202 20 ${ENDLESS}`)
    await chat.until((line) => line === "3")
    const isThere = async (): Promise<readonly boolean[]> =>
      (await entriesTo(7202, "tcp")).map((text) => text.includes("ESTABLISHED"))
    expect(await isThere()).toEqual([true, true])
    await cluster.apply(...reuse(heir))
    expect(await laterLines(chat)).toEqual([])
    expect(await isThere()).toEqual([false, false])
    // Its own connections are nobody's business.
    expect(
      await cluster.lab.probe({ from: v4(heir), to: v4(far), protocol: "TCP", port: 7204 }),
    ).toMatchObject({ verdict: "allowed" })
    await cluster.apply(...back)
  })

  test("nor where the rulesets of the nodes are made anew with the same change", async () => {
    await cluster.traffic.ready(at.far, `echo tcp ${v4(far)} 7207`)
    const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7208 ${v4(far)} 7207 20 ${ENDLESS}`)
    await chat.until((line) => line === "3")
    const withRange = (cidr: string): readonly Change[] =>
      nodes.map((value): Change => {
        return { kind: "node", op: "set", value: { ...value, podCIDRs: [...value.podCIDRs, cidr] } }
      })
    await cluster.apply(...reuse(heir), ...withRange("10.9.0.0/24"))
    expect(await laterLines(chat)).toEqual([])
    await cluster.apply(...back, ...nodes.map((value): Change => ({ kind: "node", op: "set", value })))
  })

  test("nor does a new connection from a port that the predecessor used", async () => {
    await cluster.apply(policy("far", { ...selects("far"), ingress: [{ from: [selects("client")] }] }))
    await cluster.traffic.ready(at.far, `echo tcp ${v4(far)} 7205`)
    const first = cluster.traffic.start(at.client, `chat ${v4(client)} 7206 ${v4(far)} 7205 500 2`)
    await first.until((line) => line === "2")
    await first.stop()
    await cluster.apply(...reuse(heir))
    const second = cluster.traffic.start(at.client, `chat ${v4(client)} 7206 ${v4(far)} 7205 500 2`)
    expect((await second.until(() => true)).text).toBe("failed timeout")
    await cluster.apply(...back, noPolicy("far"))
  })
})

describe("the node's own hooks", () => {
  const NODE = "192.168.0.1"
  const datagram = (from: string, text: string): string =>
    udpPacket({ from, to: v4(server), fromPort: 7300, toPort: 7301, text })
  const hex = (text: string): string => Buffer.from(text).toString("hex")

  /** Whether the server sees a packet of the node: it has what the node itself sends behind it. */
  const isSeen = async (packet: string, mark: string): Promise<boolean> => {
    const sniffer = await cluster.traffic.ready(at.server, "sniff eth0")
    const sender = cluster.traffic.start("node/node-a", `packets 4 ${v4(server)}`)
    sender.write(`${packet}\n${datagram(NODE, "the last one")}\n`)
    await sniffer.until((line) => line.includes(hex("the last one")))
    await sniffer.stop()
    return sniffer.lines.some((line) => line.text.includes(mark))
  }
  const arrives = (from: string): Promise<boolean> =>
    isSeen(datagram(from, "through output"), hex("through output"))

  test("output exempts the node's own addresses only: any other source is judged for egress and ingress", async () => {
    expect([await arrives(v4(far)), await arrives(NODE)]).toEqual([true, true])
    await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
    expect([await arrives(v4(far)), await arrives(v4(client)), await arrives(NODE)]).toEqual([
      false,
      true,
      true,
    ])
    await cluster.apply(deny("client", "Egress"))
    expect(await arrives(v4(client))).toBe(false)
    await cluster.apply(noPolicy("server"), noPolicy("deny-client"))
  })

  test("what conntrack takes as invalid passes there from the node alone", async () => {
    // Known by its ports.
    const flagless = (from: string): Promise<boolean> =>
      isSeen(tcpPacket({ from, to: v4(server), fromPort: 7310, toPort: 7311, flags: 0 }), "1c8e1c8f")
    await cluster.apply(deny("server", "Ingress"), deny("client", "Egress"))
    expect(await flagless(NODE)).toBe(true)
    expect([await flagless(v4(client)), await flagless(v4(far))]).toEqual([false, false])
    await cluster.apply(noPolicy("deny-server"), noPolicy("deny-client"))
  })

  test("input comes after IPVS, which takes its packets at 99", async () => {
    expect(await cluster.run("node/node-a", "nft list chain inet postern input")).toContain(
      "hook input priority 110",
    )
  })

  test("a pod's egress to its node is judged, and neighbour discovery is not", async () => {
    await cluster.apply(deny("client", "Egress"))
    expect(
      await cluster.lab.probe({ from: v4(client), to: "192.168.0.1", protocol: "TCP", port: 7302 }),
    ).toMatchObject({ verdict: "denied" })
    await cluster.run("node/node-a", "ip -6 neigh flush dev cni0")
    expect(
      await cluster.lab.probe({ from: "fd00::1", to: "fd01:1::3", protocol: "TCP", port: 7303 }),
    ).toMatchObject({ verdict: "allowed" })
    await cluster.apply(noPolicy("deny-client"))
  })
})

describe("a generation is due", () => {
  const labelled = (pod: Pod, labels: Readonly<Record<string, string>>): Change => ({
    kind: "pod",
    op: "set",
    value: { ...pod, labels },
  })
  const friends = policy("friends", {
    ...selects("server"),
    ingress: [{ from: [{ podSelector: { matchLabels: { friend: "yes" } } }] }],
  })

  // Each follows the one before.
  const steps: readonly [string, Change, boolean][] = [
    ["when a policy isolates", friends, true],
    ["not when a member enters an accept set", labelled(other, { app: "other", friend: "yes" }), false],
    ["when a member leaves one", labelled(other, { app: "other" }), true],
    ["not when a pod comes", { kind: "pod", op: "set", value: shopPod("fresh", "node-a", 8) }, false],
    ["when a pod's class changes", deny("fresh", "Ingress"), true],
    [
      "when an address changes its owner",
      { kind: "pod", op: "set", value: { ...shopPod("fresh", "node-a", 8), uid: "another" } },
      true,
    ],
    ["when an address goes", { kind: "pod", op: "delete", namespace: "shop", name: "fresh" }, true],
  ]
  test.for(steps)("%s", async ([, change, isDue]) => {
    const { enforcer } = cluster.agent("node-a")
    const before = enforcer.status().generation
    await cluster.apply(change)
    expect(enforcer.status().generation !== before).toBe(isDue)
  })

  test("at most once in 50 ms, however many changes come", async () => {
    await cluster.apply(noPolicy("friends"), noPolicy("deny-fresh"))
    const { counters } = cluster.agent("node-a").enforcer.status()
    const [generations, started] = [counters.generations, performance.now()]
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        cluster.apply(i % 2 === 0 ? deny("server", "Ingress") : noPolicy("deny-server")),
      ),
    )
    const came = counters.generations - generations
    expect(came).toBeGreaterThan(0)
    expect(came).toBeLessThanOrEqual((performance.now() - started) / 50 + 1)
  })
})

/** TCP segments that each end has sent again, less those whose first copy had come (RFC 2883: the other end says so). */
async function lostSegments(cluster: Cluster): Promise<readonly number[]> {
  const counts = [at.client, at.server].map(async (pod) => {
    const text = await cluster.run(pod, "nstat -az TcpRetransSegs TcpExtTCPDSACKRecv")
    const of = (name: string): number => Number(new RegExp(`${name}\\s+(\\d+)`).exec(text)?.[1])
    return of("TcpRetransSegs") - of("TcpExtTCPDSACKRecv")
  })
  return Promise.all(counts)
}

// In a cluster of its own: connections that other tests have cut off go on sending again.
test("allowed flows lose nothing while policies change 200 times", { timeout: 600_000 }, async () => {
  await withCluster({}, async (cluster) => {
    await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7400`)
    const sink = await cluster.traffic.ready(at.server, `sink ${v4(server)} 7401`)
    const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7402 ${v4(server)} 7400 5 10000`)
    cluster.traffic.start(at.client, `stream ${v4(client)} 7403 ${v4(server)} 7401 2 100000`)
    await cluster.apply(policy("server", { ...selects("server"), ingress: [{ from: [selects("client")] }] }))
    for (let i = 0; i < 200; i++) {
      // The server's class alternates, and each time every live flow is judged again.
      await cluster.apply(
        i % 2 === 0 ? policy("also", { ...selects("server"), policyTypes: ["Ingress"] }) : noPolicy("also"),
      )
    }
    // So that a thousand have come.
    await sink.until((line) => Number.parseInt(line, 10) > 1_000)
    const [datagrams, answers] = [received(sink).numbers, received(chat).numbers]
    expect(datagrams).toEqual(datagrams.map((_, i) => i + 1))
    expect(answers).toEqual(answers.map((_, i) => i + 1))
    expect(await lostSegments(cluster)).toEqual([0, 0])
  })
})

describe("numbers and bits", () => {
  test("a stalled connection does not come back when its number would come round", async () => {
    // Three bits: numbers 1 to 6.
    await withCluster({ agent: { mask: 0x70000000 } }, async (cluster) => {
      const echo = await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7500`)
      const chat = cluster.traffic.start(at.client, `chat ${v4(client)} 7501 ${v4(server)} 7500 2500 2`)
      await chat.until((line) => line === "1")
      const carried = cluster.agent("node-a").enforcer.status().generation
      await cluster.apply(deny("server", "Ingress"))
      // Round the circle, to the number that the connection carries, if it comes.
      const number = (): number | undefined => cluster.agent("node-a").enforcer.status().generation
      for (let i = 0; i < 14 && number() !== carried; i++) {
        await cluster.apply(i % 2 === 0 ? deny("far", "Ingress") : noPolicy("deny-far"))
        await cluster.apply(i % 2 === 0 ? deny("other", "Egress") : noPolicy("deny-other"))
      }
      await setTimeout(2500)
      expect(echo.lines.map((line) => line.text)).toEqual(["ready", "took 1"])
    })
  })

  test("idle connections that are allowed outlive their numbers, when every number is carried by one", async () => {
    await withCluster({ agent: { mask: 0x70000000 } }, async (cluster) => {
      await cluster.traffic.ready(at.server, `echo tcp ${v4(server)} 7510`)
      // One generation: what a policy takes away is due for one, what its end gives back is not.
      const turn = async (): Promise<void> => {
        await cluster.apply(deny("other", "Egress"))
        await cluster.apply(noPolicy("deny-other"))
      }
      const idle: Talker[] = []
      const carried = new Set<number | undefined>()
      for (let i = 0; i < 6; i++) {
        carried.add(cluster.agent("node-a").enforcer.status().generation)
        const chat = cluster.traffic.start(
          at.client,
          `chat ${v4(client)} ${7511 + i} ${v4(server)} 7510 5000 2`,
        )
        await chat.until((line) => line === "1")
        idle.push(chat)
        await turn()
      }
      expect([...carried].toSorted((a = 0, b = 0) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
      for (let i = 0; i < 4; i++) await turn()
      for (const chat of idle) await chat.until((line) => line === "2")
    })
  })

  test("bits of others stay in the mark", async () => {
    await cluster.run(
      "node/node-b",
      "nft 'table ip others { chain f { type filter hook forward priority -50; ct state new ct mark set ct mark or 0x80; }; }'",
    )
    await cluster.lab.probe({ from: v4(far), to: v4(farther), protocol: "TCP", port: 7502 })
    const entry = await cluster.run("node/node-b", "conntrack -L -p tcp --dport 7502 2>/dev/null")
    const generation = cluster.agent("node-b").enforcer.status().generation ?? 0
    expect(entry).toContain(`mark=${generation * 2 ** 24 + 0x80} `)
    await cluster.run("node/node-b", "nft delete table ip others")
  })

  test("bits that a connection carries before first use are refused", async () => {
    const entry = "-p tcp -s 192.0.2.1 -d 192.0.2.2 --sport 1 --dport 2 --state ESTABLISHED -t 60"
    await withCluster({ enforce: false }, async (cluster) => {
      const { enforcer } = cluster.agent("node-a")
      await cluster.run("node/node-a", `conntrack -I ${entry} -m 0x80 2>&1`)
      await cluster.run("node/node-b", `conntrack -I ${entry} -m 0x03000080 2>&1`)
      await expect(enforcer.start()).resolves.toBeUndefined()
      await expect(cluster.agent("node-b").enforcer.start()).rejects.toThrow(
        expect.objectContaining({ code: "mask-in-use", message: expect.stringContaining("0x03000080") }),
      )
    })
  })
})
