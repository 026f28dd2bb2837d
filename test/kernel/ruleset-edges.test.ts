// Ways round the rules that were looked for, by packets that are no flow's, and what must go on all the same.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { runOf, stageOf } from "../programs.ts"
import {
  a,
  b,
  bridged,
  c,
  closed,
  createEdgeLab,
  type EdgeLab,
  isolated,
  marker,
  outside,
} from "./edge-lab.ts"
import { address6, icmpPacket, icmpv6Packet, udpPacket } from "./frames.ts"

let edge: EdgeLab
beforeAll(async () => {
  edge = await createEdgeLab()
})
afterEach(() => edge.settle())
afterAll(() => edge.close())

describe("ICMP errors", () => {
  const flow = { from: c.v4, to: a.v4, fromPort: 5000, toPort: 6000, text: "" }
  const error = icmpPacket({ from: a.v4, to: c.v4 }, 3, 3, `00000000${udpPacket(flow)}${marker}`)
  const start = async () => {
    await edge.traffic.ready(a.ref, `echo udp ${a.v4} 6000`)
    await edge.traffic.start(c.ref, `stream ${c.v4} 5000 ${a.v4} 6000 30 2`).until((line) => line === "1")
  }

  test("of a flow that is allowed pass", async () => {
    await edge.inForce({
      pods: {
        [a.ref]: {
          ingress: isolated(
            runOf("Accept", { ports: [{ protocol: "UDP", from: 6000, to: 6000, peers: { kind: "any" } }] }),
          ),
        },
      },
    })
    await start()
    expect(await edge.arrives({ sender: a.ref, to: c.v4, packet: error, at: c.ref })).toBe(true)
  })

  test("of a flow that is denied now carry nothing on, and do not put it in force", async () => {
    await edge.inForce({})
    await start()
    // ICMP itself is still allowed: the error must not be judged as an ICMP flow.
    const rules = [
      stageOf([runOf("Deny", { ports: [{ protocol: "UDP", from: 0, to: 65535, peers: { kind: "any" } }] })]),
    ]
    await edge.inForce({ pods: { [a.ref]: { ingress: rules } } })
    expect(await edge.staysAway({ sender: a.ref, to: c.v4, packet: error, at: c.ref })).toBe(true)
    const entries = await edge.run(bridged.ref, "conntrack -L -p udp --orig-port-src 5000")
    expect(entries).toContain("sport=5000")
    expect(entries).not.toContain(`mark=${edge.generation() * 0x01000000} `)
    expect(await edge.mistakes("ICMP", [["allowed", c.v4, a.v4]])).toStrictEqual([])
  })
})

describe("neighbour discovery", () => {
  /** Neighbour solicitation (135) for an address, with an option of 24 bytes that no host reads: the marker. */
  const solicitation = (to: string, hops: number) =>
    icmpv6Packet({ from: a.v6, to }, 135, `00000000${address6(to)}fd03${marker.padEnd(44, "0")}`, hops)

  test("leaves no pod's link: routed, it would carry data out", async () => {
    await edge.inForce({})
    expect(
      await edge.arrives({
        sender: a.ref,
        to: outside.v6,
        packet: solicitation(outside.v6, 64),
        at: outside.ref,
      }),
    ).toBe(true)
    await edge.inForce({ pods: { [a.ref]: closed } })
    expect(
      await edge.staysAway({
        sender: a.ref,
        to: outside.v6,
        packet: solicitation(outside.v6, 64),
        at: outside.ref,
      }),
    ).toBe(true)
    expect(
      await edge.staysAway({
        sender: a.ref,
        to: outside.v6,
        packet: solicitation(outside.v6, 255),
        at: outside.ref,
      }),
    ).toBe(true)
    expect(
      await edge.staysAway({ sender: a.ref, to: c.v6, packet: solicitation(c.v6, 255), at: c.ref }),
    ).toBe(true)
    expect(await edge.staysAway({ sender: a.ref, to: b.v6, packet: solicitation(b.v6, 64), at: b.ref })).toBe(
      true,
    )
    expect(await edge.arrives({ sender: a.ref, to: b.v6, packet: solicitation(b.v6, 255), at: b.ref })).toBe(
      true,
    )
  })

  test("finds isolated pods, by global and by link-local source", async () => {
    await edge.inForce({ pods: { [a.ref]: closed, [b.ref]: closed } })
    const linkLocal = (await edge.run(a.ref, "ip -6 -br address show dev eth0 scope link")).match(
      /fe80::[0-9a-f:]+/,
    )?.[0]
    await edge.run(
      b.ref,
      `ip -6 neighbour flush dev eth0; ping -c1 -W1 ${a.v6}; ping -c1 -W1 ${linkLocal}%eth0; true`,
    )
    const neighbours = await edge.run(b.ref, "ip -6 neighbour show dev eth0")
    for (const address of [a.v6, linkLocal]) expect(neighbours).toMatch(new RegExp(`^${address} lladdr`, "m"))
  })

  test("finds an address that another pod has already", async () => {
    await edge.inForce({ pods: { [a.ref]: closed, [b.ref]: closed } })
    await edge.run(
      b.ref,
      `sysctl -w net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1; ip address add ${a.v6}/64 dev eth0`,
    )
    const shown = (): Promise<string> => edge.run(b.ref, "ip -6 address show dev eth0")
    await expect.poll(shown).toMatch(new RegExp(`${a.v6}/64 .*dadfailed`))
    await edge.run(b.ref, `ip address del ${a.v6}/64 dev eth0`)
  })
})

describe("listener discovery", () => {
  /** A report (143) of no record, and behind it what no host reads: the marker. */
  const report = (to: string, hops: number) =>
    icmpv6Packet({ from: a.v6, to }, 143, `00000000${marker.padEnd(40, "0")}`, hops)

  test("reaches groups on the link: a report with hop limit 2 comes to a router's rules with 1", async () => {
    await edge.inForce({})
    expect(
      await edge.arrives({ sender: a.ref, to: outside.v6, packet: report(outside.v6, 2), at: outside.ref }),
    ).toBe(true)
    await edge.inForce({ pods: { [a.ref]: closed } })
    for (const hops of [1, 2, 3]) {
      expect(
        await edge.staysAway({
          sender: a.ref,
          to: outside.v6,
          packet: report(outside.v6, hops),
          at: outside.ref,
        }),
      ).toBe(true)
      expect(await edge.staysAway({ sender: a.ref, to: b.v6, packet: report(b.v6, hops), at: b.ref })).toBe(
        true,
      )
    }
    expect(
      await edge.arrives({ sender: a.ref, to: "ff02::16", packet: report("ff02::16", 1), at: b.ref }),
    ).toBe(true)
  })
})

test("IPv6 between pods of a cluster that has only IPv4 is refused", async () => {
  await edge.inForce({ families: ["IPv4"] })
  const mistakes = await edge.mistakes("TCP", [
    ["allowed", b.v4, a.v4],
    ["denied", b.v6, a.v6],
    ["denied", c.v6, a.v6],
    ["denied", outside.v6, a.v6],
  ])
  expect(mistakes).toStrictEqual([])
})

test("the node's router advertisements reach its pods, and a pod answers its node's link-local ping", async () => {
  await edge.inForce({ pods: { [a.ref]: closed } })
  const [own, pods] = await Promise.all(
    [
      [bridged.ref, "cni0"],
      [a.ref, "eth0"],
    ].map(
      async ([reference = "", device]) =>
        (await edge.run(reference, `ip -6 -br address show dev ${device} scope link`)).match(
          /fe80::[0-9a-f:]+/,
        )?.[0] ?? "",
    ),
  )
  const advertisement = icmpv6Packet(
    { from: own ?? "", to: "ff02::1" },
    134,
    `4000000000000000${"00".repeat(4)}fd03${marker.padEnd(44, "0")}`,
  )
  expect(
    await edge.arrives({ sender: bridged.ref, to: "ff02::1%cni0", packet: advertisement, at: a.ref }),
  ).toBe(true)
  expect(await edge.run(bridged.ref, `ping -c1 -W30 ${pods}%cni0`)).toContain("1 received")
})
