// Flows at the edges: the node's own, translated ones, untracked ones, and those that meet a new generation.

import { setTimeout } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { runOf } from "../programs.ts"
import {
  a,
  b,
  bridged,
  c,
  closed,
  createEdgeLab,
  type EdgeLab,
  type Expected,
  from,
  isolated,
  outside,
} from "./edge-lab.ts"
import type { Enforcement } from "./enforced.ts"
import { goesOn, laterLines, received, type Talker } from "./traffic.ts"

let edge: EdgeLab
beforeAll(async () => {
  edge = await createEdgeLab()
})
afterEach(() => edge.settle())
afterAll(() => edge.close())

describe("the node's own address in its pods' range", () => {
  test("is reached by remote pods, by hosts outside, and by local pods as their egress says", async () => {
    await edge.inForce({
      pods: { [a.ref]: closed, [b.ref]: { egress: isolated(runOf("Accept", from(bridged.gateway))) } },
    })
    for (const protocol of ["TCP", "UDP", "ICMP"] as const) {
      const mistakes = await edge.mistakes(protocol, [
        ["allowed", c.v4, bridged.gateway],
        ["allowed", outside.v4, bridged.gateway],
        ["allowed", b.v4, bridged.gateway],
        ["denied", a.v4, bridged.gateway],
        ["denied", b.v4, bridged.v4],
      ])
      expect(mistakes).toStrictEqual([])
    }
  })

  test("reaches local pods and remote ones", async () => {
    await edge.inForce({ pods: { [a.ref]: closed } })
    for (const protocol of ["TCP", "UDP", "ICMP"] as const) {
      const mistakes = await edge.mistakes(protocol, [
        ["allowed", bridged.gateway, a.v4],
        ["allowed", bridged.gateway, c.v4],
        ["allowed", bridged.gateway, outside.v4],
      ])
      expect(mistakes).toStrictEqual([])
    }
  })
})

describe("under a new generation", () => {
  const begun = async (client: string, role: string): Promise<Talker> => {
    const chat = edge.traffic.start(client, role)
    await chat.until((line) => line === "3")
    return chat
  }
  /** A TCP connection goes on, generation after generation. */
  const survives = async (client: string, role: string, rules: Enforcement): Promise<void> => {
    const chat = await begun(client, role)
    for (let i = 0; i < 3; i++) {
      await edge.inForce(rules)
      await goesOn(chat, 5)
    }
  }
  /** Words that come every 10 ms; more than any test waits for. */
  const WORDS = "10 100000"

  test("the node's connections to an isolated pod go on", async () => {
    const rules = { pods: { [a.ref]: closed } }
    await edge.inForce(rules)
    await edge.traffic.ready(a.ref, `echo tcp ${a.v4} 7000`)
    const role = `chat ${bridged.gateway} 7001 ${a.v4} 7000 ${WORDS}`
    await expect(survives(bridged.ref, role, rules)).resolves.toBeUndefined()
  })

  test("a pod's connections to its node go on where its egress allows them, and stop where not", async () => {
    const rules = { pods: { [a.ref]: { egress: isolated(runOf("Accept", from(bridged.v4))) } } }
    await edge.inForce(rules)
    await edge.traffic.ready(bridged.ref, `echo tcp ${bridged.v4} 7002`)
    const role = `chat ${a.v4} 7003 ${bridged.v4} 7002 ${WORDS}`
    await survives(a.ref, role, rules)
    const cut = await begun(a.ref, role.replace("7003", "7004"))
    await edge.inForce({ pods: { [a.ref]: closed } })
    expect(await laterLines(cut)).toStrictEqual([])
  })

  test("a masqueraded connection goes on where it is allowed, and stops where not", async () => {
    const rules = { pods: { [a.ref]: { egress: isolated(runOf("Accept", from(outside.v4))) } } }
    await edge.inForce(rules)
    await edge.run(
      bridged.ref,
      "nft 'table ip away { chain out { type nat hook postrouting priority 110; ip saddr 10.244.1.0/24 oifname eth0 masquerade; }; }'",
    )
    await edge.traffic.ready(outside.ref, `echo tcp ${outside.v4} 7005`)
    const role = `chat ${a.v4} 7006 ${outside.v4} 7005 ${WORDS}`
    await survives(a.ref, role, rules)
    const entries = await edge.run(bridged.ref, "conntrack -L -p tcp --orig-port-src 7006")
    const cut = await begun(a.ref, role.replace("7006", "7007"))
    await edge.inForce({ pods: { [a.ref]: closed } })
    const wordsAfterCut = await laterLines(cut)
    await edge.run(bridged.ref, "nft delete table ip away")
    expect(entries).toContain(`dst=${bridged.v4}`)
    expect(wordsAfterCut).toStrictEqual([])
  })
})

describe("through Services", () => {
  const serviceOfA = "10.96.0.10"
  const onlyFrom = (address: string) => ({
    pods: { [a.ref]: { ingress: isolated(runOf("Accept", from(address))) } },
  })

  test("a hairpin is judged by the pod's own identity, though it is masqueraded", async () => {
    await edge.inForce(onlyFrom(b.v4))
    const rows = (own: "allowed" | "denied", others: "allowed" | "denied"): readonly Expected[] => [
      [own, a.v4, serviceOfA, 80],
      [others, b.v4, serviceOfA, 80],
    ]
    expect(await edge.mistakes("TCP", rows("denied", "allowed"))).toStrictEqual([])
    await edge.inForce(onlyFrom(a.v4))
    expect(await edge.mistakes("TCP", rows("allowed", "denied"))).toStrictEqual([])
  })

  test("a node port's client is judged by its own address, before it is masqueraded", async () => {
    const rows = (outsider: "allowed" | "denied", pod: "allowed" | "denied"): readonly Expected[] => [
      [outsider, outside.v4, bridged.v4, 30080],
      [pod, b.v4, bridged.v4, 30080],
    ]
    await edge.inForce(onlyFrom(outside.v4))
    expect(await edge.mistakes("TCP", rows("allowed", "denied"))).toStrictEqual([])
    await edge.inForce(onlyFrom(b.v4))
    expect(await edge.mistakes("TCP", rows("denied", "allowed"))).toStrictEqual([])
  })
})

describe("untracked packets", () => {
  const notrack =
    "nft 'table inet aside { chain raw { type filter hook prerouting priority raw; udp dport { 6000, 6001 } notrack; udp sport { 6000, 6001 } notrack; }; }'"

  test("that come in fragments are put together before they are judged by their header", async () => {
    const ports = [{ protocol: "UDP" as const, from: 6000, to: 6000, peers: { kind: "any" as const } }]
    await edge.inForce({ pods: { [a.ref]: { ingress: isolated(runOf("Accept", { ports })) } } })
    await edge.run(bridged.ref, notrack)
    const sinks = await Promise.all(
      [6000, 6001].map((port) => edge.traffic.ready(a.ref, `sink ${a.v4} ${port}`)),
    )
    await Promise.all(
      [6000, 6001].map(
        (port) => edge.traffic.start(c.ref, `stream ${c.v4} 0 ${a.v4} ${port} 10 5 4000`).ended,
      ),
    )
    await sinks[0]?.until((line) => line.startsWith("5 "))
    await setTimeout(100)
    await edge.run(bridged.ref, "nft delete table inet aside")
    expect(sinks.map((sink) => received(sink).numbers.length)).toStrictEqual([5, 0])
  })
})
