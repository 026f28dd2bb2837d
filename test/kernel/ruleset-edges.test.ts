// Ways round the rules that were looked for, and what must go on working at the edges.

import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { PeerUnion, Stage } from "../../src/compile/program.ts"
import { createLab, type Lab, type ProbeProtocol, type ProbeRequest } from "../../src/lab/lab.ts"
import { runOf, stageOf } from "../programs.ts"
import { type Enforcement, enforce } from "./enforced.ts"
import { address6, icmpPacket, icmpv6Packet, udpPacket } from "./frames.ts"
import { smallLab } from "./lab-specs.ts"
import { createTraffic, received, type Talker, type Traffic } from "./traffic.ts"

const a = { ref: "lab/a", v4: "10.244.1.10", v6: "fd00:10:244:1::10" } as const
const b = { ref: "lab/b", v4: "10.244.1.11", v6: "fd00:10:244:1::11" } as const
const c = { ref: "lab/c", v4: "10.244.2.10", v6: "fd00:10:244:2::10" } as const
const bridged = { ref: "node/bridged", v4: "172.31.0.11", gateway: "10.244.1.1" } as const
const outside = { ref: "outside", v4: "203.0.113.10", v6: "2001:db8:113::10" } as const

const MARKER = "from the wrong end"
const marker = Buffer.from(MARKER).toString("hex")

const isolated = (...runs: Stage["runs"]): readonly Stage[] => [stageOf(runs, ["policy"])]
const from = (...addresses: readonly string[]): { readonly everyPort: PeerUnion } => ({
  everyPort: {
    kind: "some",
    pods: null,
    ranges: {
      v4: addresses
        .filter((each) => !each.includes(":"))
        .toSorted()
        .map((each) => ({ from: each, to: each })),
      v6: addresses
        .filter((each) => each.includes(":"))
        .toSorted()
        .map((each) => ({ from: each, to: each })),
    },
  },
})
const closed: Omit<NonNullable<Enforcement["pods"]>[string], "addresses"> = {
  ingress: isolated(),
  egress: isolated(),
}

let lab: Lab
let traffic: Traffic
let generation = 0

beforeAll(async () => {
  lab = await createLab(smallLab)
  traffic = createTraffic(lab)
})
afterEach(async () => {
  await traffic.stopAll()
  await Promise.all(lab.nodes.map(({ reference }) => run(reference, "conntrack -F")))
})
afterAll(() => lab.close())

/** Under the next generation, as an agent does it where access may have been taken away. */
async function inForce(rules: Enforcement): Promise<void> {
  generation += 1
  await enforce(lab, { ...rules, options: { ...rules.options, generation } })
}

async function run(reference: string, line: string): Promise<string> {
  const { status, stdout, stderr } = await lab.exec(reference, ["sh", "-c", line])
  if (status !== 0) throw new Error(`${line}: ${stderr}`)
  return stdout
}

async function verdicts(protocol: ProbeProtocol, pairs: readonly (readonly [string, string])[], port = 8080) {
  const requests = pairs.map(([from, to]): ProbeRequest => ({ from, to, protocol, port, timeoutMs: 400 }))
  return (await lab.probeAll(requests)).map(({ verdict }) => verdict)
}

/** Whether IP packets that one end sends come by at another end's interface. */
async function arrives(sender: string, to: string, packet: string, at: string): Promise<boolean> {
  const sniffer = await traffic.ready(at, "sniff eth0")
  const packets = traffic.start(sender, `packets ${packet.startsWith("6") ? 6 : 4} ${to}`)
  packets.write(`${packet}\n`.repeat(3))
  await packets.ended
  await setTimeout(80)
  return sniffer.lines.some((line) => line.text.includes(marker))
}

describe("ICMP errors", () => {
  const flow = { from: c.v4, to: a.v4, fromPort: 5000, toPort: 6000, text: "" }
  const error = icmpPacket({ from: a.v4, to: c.v4 }, 3, 3, `00000000${udpPacket(flow)}${marker}`)
  const start = async () => {
    await traffic.ready(a.ref, `echo udp ${a.v4} 6000`)
    await traffic.start(c.ref, `stream ${c.v4} 5000 ${a.v4} 6000 30 2`).until((line) => line === "1")
  }

  test("of a flow that is allowed pass", async () => {
    await inForce({
      pods: {
        [a.ref]: {
          ingress: isolated(
            runOf("Accept", { ports: [{ protocol: "UDP", from: 6000, to: 6000, peers: { kind: "any" } }] }),
          ),
        },
      },
    })
    await start()
    expect(await arrives(a.ref, c.v4, error, c.ref)).toBe(true)
  })

  test("of a flow that is denied now carry nothing on, and do not put it in force", async () => {
    await inForce({})
    await start()
    // ICMP itself is still allowed: the error must not be judged as an ICMP flow.
    const rules = [
      stageOf([runOf("Deny", { ports: [{ protocol: "UDP", from: 0, to: 65535, peers: { kind: "any" } }] })]),
    ]
    await inForce({ pods: { [a.ref]: { ingress: rules } } })
    expect(await arrives(a.ref, c.v4, error, c.ref)).toBe(false)
    const entries = await run(bridged.ref, "conntrack -L -p udp --orig-port-src 5000")
    expect(entries).toContain("sport=5000")
    expect(entries).not.toContain(`mark=${generation * 0x01000000} `)
    expect(await verdicts("ICMP", [[c.v4, a.v4]])).toStrictEqual(["allowed"])
  })
})

describe("neighbour discovery", () => {
  /** Neighbour solicitation (135) for an address, with an option of 24 bytes that no host reads: the marker. */
  const solicitation = (to: string, hops: number) =>
    icmpv6Packet({ from: a.v6, to }, 135, `00000000${address6(to)}fd03${marker.padEnd(44, "0")}`, hops)

  test("leaves no pod's link: routed, it would carry data out", async () => {
    await inForce({})
    expect(await arrives(a.ref, outside.v6, solicitation(outside.v6, 64), outside.ref)).toBe(true)
    await inForce({ pods: { [a.ref]: closed } })
    expect(await arrives(a.ref, outside.v6, solicitation(outside.v6, 64), outside.ref)).toBe(false)
    expect(await arrives(a.ref, outside.v6, solicitation(outside.v6, 255), outside.ref)).toBe(false)
    expect(await arrives(a.ref, c.v6, solicitation(c.v6, 255), c.ref)).toBe(false)
    expect(await arrives(a.ref, b.v6, solicitation(b.v6, 64), b.ref)).toBe(false)
    expect(await arrives(a.ref, b.v6, solicitation(b.v6, 255), b.ref)).toBe(true)
  })

  test("finds isolated pods, by global and by link-local source", async () => {
    await inForce({ pods: { [a.ref]: closed, [b.ref]: closed } })
    const linkLocal = (await run(a.ref, "ip -6 -br address show dev eth0 scope link")).match(
      /fe80::[0-9a-f:]+/,
    )?.[0]
    await run(
      b.ref,
      `ip -6 neighbour flush dev eth0; ping -c1 -W1 ${a.v6}; ping -c1 -W1 ${linkLocal}%eth0; true`,
    )
    const neighbours = await run(b.ref, "ip -6 neighbour show dev eth0")
    for (const address of [a.v6, linkLocal]) expect(neighbours).toMatch(new RegExp(`^${address} lladdr`, "m"))
  })

  test("finds an address that another pod has already", async () => {
    await inForce({ pods: { [a.ref]: closed, [b.ref]: closed } })
    await run(
      b.ref,
      `sysctl -w net.ipv6.conf.all.accept_dad=1 net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1; ip address add ${a.v6}/64 dev eth0; sleep 1.5`,
    )
    const found = await run(b.ref, `ip -6 address show dev eth0; ip address del ${a.v6}/64 dev eth0`)
    expect(found).toMatch(new RegExp(`${a.v6}/64 .*dadfailed`))
  })
})

describe("listener discovery", () => {
  /** A report (143) of no record, and behind it what no host reads: the marker. */
  const report = (to: string, hops: number) =>
    icmpv6Packet({ from: a.v6, to }, 143, `00000000${marker.padEnd(40, "0")}`, hops)

  test("reaches groups on the link: a report with hop limit 2 comes to a router's rules with 1", async () => {
    await inForce({})
    expect(await arrives(a.ref, outside.v6, report(outside.v6, 2), outside.ref)).toBe(true)
    await inForce({ pods: { [a.ref]: closed } })
    for (const hops of [1, 2, 3]) {
      expect(await arrives(a.ref, outside.v6, report(outside.v6, hops), outside.ref)).toBe(false)
      expect(await arrives(a.ref, b.v6, report(b.v6, hops), b.ref)).toBe(false)
    }
    expect(await arrives(a.ref, "ff02::16", report("ff02::16", 1), b.ref)).toBe(true)
  })
})

describe("the node's own address in its pods' range", () => {
  test("is reached by remote pods, by hosts outside, and by local pods as their egress says", async () => {
    await inForce({
      pods: { [a.ref]: closed, [b.ref]: { egress: isolated(runOf("Accept", from(bridged.gateway))) } },
    })
    for (const protocol of ["TCP", "UDP", "ICMP"] as const) {
      const pairs = [
        [c.v4, bridged.gateway],
        [outside.v4, bridged.gateway],
        [b.v4, bridged.gateway],
        [a.v4, bridged.gateway],
        [b.v4, bridged.v4],
      ] as const
      expect(await verdicts(protocol, pairs)).toStrictEqual([
        "allowed",
        "allowed",
        "allowed",
        "denied",
        "denied",
      ])
    }
  })

  test("reaches local pods and remote ones", async () => {
    await inForce({ pods: { [a.ref]: closed } })
    const pairs = [
      [bridged.gateway, a.v4],
      [bridged.gateway, c.v4],
      [bridged.gateway, outside.v4],
    ] as const
    for (const protocol of ["TCP", "UDP", "ICMP"] as const)
      expect(await verdicts(protocol, pairs)).toStrictEqual(["allowed", "allowed", "allowed"])
  })
})

describe("under a new generation", () => {
  /** How far a TCP connection of 40 words comes while generations change. */
  const survives = async (client: string, role: string, rules: Enforcement) => {
    const chat = traffic.start(client, role)
    await chat.until((line) => line === "3")
    for (let i = 0; i < 3; i++) {
      await inForce(rules)
      await setTimeout(60)
    }
    return reached(chat)
  }
  const reached = async (chat: Talker) => {
    await chat.ended
    return Math.max(...received(chat).numbers)
  }
  /** The last words may come back too late, and the first ones before the cut. */
  const ENOUGH = 35

  test("the node's connections to an isolated pod go on", async () => {
    const rules = { pods: { [a.ref]: closed } }
    await inForce(rules)
    await traffic.ready(a.ref, `echo tcp ${a.v4} 7000`)
    const words = await survives(bridged.ref, `chat ${bridged.gateway} 7001 ${a.v4} 7000 10 40`, rules)
    expect(words).toBeGreaterThan(ENOUGH)
  })

  test("a pod's connections to its node go on where its egress allows them, and stop where not", async () => {
    const rules = { pods: { [a.ref]: { egress: isolated(runOf("Accept", from(bridged.v4))) } } }
    await inForce(rules)
    await traffic.ready(bridged.ref, `echo tcp ${bridged.v4} 7002`)
    const role = `chat ${a.v4} 7003 ${bridged.v4} 7002 10 40`
    const words = await survives(a.ref, role, rules)
    expect(words).toBeGreaterThan(ENOUGH)
    const cut = traffic.start(a.ref, role.replace("7003", "7004"))
    await cut.until((line) => line === "3")
    await inForce({ pods: { [a.ref]: closed } })
    expect(await reached(cut)).toBeLessThan(ENOUGH)
  })

  test("a masqueraded connection goes on where it is allowed, and stops where not", async () => {
    const rules = { pods: { [a.ref]: { egress: isolated(runOf("Accept", from(outside.v4))) } } }
    await inForce(rules)
    await run(
      bridged.ref,
      "nft 'table ip away { chain out { type nat hook postrouting priority 110; ip saddr 10.244.1.0/24 oifname eth0 masquerade; }; }'",
    )
    await traffic.ready(outside.ref, `echo tcp ${outside.v4} 7005`)
    const role = `chat ${a.v4} 7006 ${outside.v4} 7005 10 40`
    const words = await survives(a.ref, role, rules)
    const entries = await run(bridged.ref, "conntrack -L -p tcp --orig-port-src 7006")
    const cut = traffic.start(a.ref, role.replace("7006", "7007"))
    await cut.until((line) => line === "3")
    await inForce({ pods: { [a.ref]: closed } })
    const wordsBeforeCut = await reached(cut)
    await run(bridged.ref, "nft delete table ip away")
    expect(words).toBeGreaterThan(ENOUGH)
    expect(entries).toContain(`dst=${bridged.v4}`)
    expect(wordsBeforeCut).toBeLessThan(ENOUGH)
  })
})

describe("through Services", () => {
  const serviceOfA = "10.96.0.10"
  const probe = (from: string, to: string, port: number) =>
    verdicts("TCP", [[from, to]], port).then(([verdict]) => verdict)

  test("a hairpin is judged by the pod's own identity, though it is masqueraded", async () => {
    await inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", from(b.v4))) } } })
    expect([await probe(a.v4, serviceOfA, 80), await probe(b.v4, serviceOfA, 80)]).toStrictEqual([
      "denied",
      "allowed",
    ])
    await inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", from(a.v4))) } } })
    expect([await probe(a.v4, serviceOfA, 80), await probe(b.v4, serviceOfA, 80)]).toStrictEqual([
      "allowed",
      "denied",
    ])
  })

  test("a node port's client is judged by its own address, before it is masqueraded", async () => {
    await inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", from(outside.v4))) } } })
    expect([await probe(outside.v4, bridged.v4, 30080), await probe(b.v4, bridged.v4, 30080)]).toStrictEqual([
      "allowed",
      "denied",
    ])
    await inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", from(b.v4))) } } })
    expect([await probe(outside.v4, bridged.v4, 30080), await probe(b.v4, bridged.v4, 30080)]).toStrictEqual([
      "denied",
      "allowed",
    ])
  })
})

describe("untracked packets", () => {
  const notrack =
    "nft 'table inet aside { chain raw { type filter hook prerouting priority raw; udp dport { 6000, 6001 } notrack; udp sport { 6000, 6001 } notrack; }; }'"

  test("that come in fragments are put together before they are judged by their header", async () => {
    const ports = [{ protocol: "UDP" as const, from: 6000, to: 6000, peers: { kind: "any" as const } }]
    await inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", { ports })) } } })
    await run(bridged.ref, notrack)
    const sinks = await Promise.all([6000, 6001].map((port) => traffic.ready(a.ref, `sink ${a.v4} ${port}`)))
    await Promise.all(
      [6000, 6001].map((port) => traffic.start(c.ref, `stream ${c.v4} 0 ${a.v4} ${port} 10 5 4000`).ended),
    )
    await setTimeout(100)
    await run(bridged.ref, "nft delete table inet aside")
    expect(sinks.map((sink) => received(sink).numbers.length)).toStrictEqual([5, 0])
  })
})

test("IPv6 between pods of a cluster that has only IPv4 is refused", async () => {
  await inForce({ families: ["IPv4"] })
  const pairs = [
    [b.v4, a.v4],
    [b.v6, a.v6],
    [c.v6, a.v6],
    [outside.v6, a.v6],
  ] as const
  expect(await verdicts("TCP", pairs)).toStrictEqual(["allowed", "denied", "denied", "denied"])
})

test("the node's router advertisements reach its pods, and a pod answers its node's link-local ping", async () => {
  await inForce({ pods: { [a.ref]: closed } })
  const [own, pods] = await Promise.all(
    [
      [bridged.ref, "cni0"],
      [a.ref, "eth0"],
    ].map(
      async ([reference = "", device]) =>
        (await run(reference, `ip -6 -br address show dev ${device} scope link`)).match(
          /fe80::[0-9a-f:]+/,
        )?.[0] ?? "",
    ),
  )
  const advertisement = icmpv6Packet(
    { from: own ?? "", to: "ff02::1" },
    134,
    `4000000000000000${"00".repeat(4)}fd03${marker.padEnd(44, "0")}`,
  )
  expect(await arrives(bridged.ref, "ff02::1%cni0", advertisement, a.ref)).toBe(true)
  expect(await run(bridged.ref, `ping -c1 -W1 ${pods}%cni0`)).toContain("1 received")
})
