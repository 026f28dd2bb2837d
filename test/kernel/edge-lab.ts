// The small lab under rules made by hand, one generation after the other.

import type { PeerUnion, Stage } from "../../src/compile/program.ts"
import { createLab, type ProbeProtocol, type ProbeRequest } from "../../src/lab/lab.ts"
import { stageOf } from "../programs.ts"
import { type Enforcement, enforce } from "./enforced.ts"
import { smallLab } from "./lab-specs.ts"
import { createTraffic, type Traffic } from "./traffic.ts"

export const a = { ref: "lab/a", v4: "10.244.1.10", v6: "fd00:10:244:1::10" } as const
export const b = { ref: "lab/b", v4: "10.244.1.11", v6: "fd00:10:244:1::11" } as const
export const c = { ref: "lab/c", v4: "10.244.2.10", v6: "fd00:10:244:2::10" } as const
export const bridged = { ref: "node/bridged", v4: "172.31.0.11", gateway: "10.244.1.1" } as const
export const outside = { ref: "outside", v4: "203.0.113.10", v6: "2001:db8:113::10" } as const

const MARKER = "from the wrong end"
export const marker = Buffer.from(MARKER).toString("hex")

export const isolated = (...runs: Stage["runs"]): readonly Stage[] => [stageOf(runs, ["policy"])]
export const from = (...addresses: readonly string[]): { readonly everyPort: PeerUnion } => ({
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
export const closed: Omit<NonNullable<Enforcement["pods"]>[string], "addresses"> = {
  ingress: isolated(),
  egress: isolated(),
}

export interface EdgeLab {
  readonly traffic: Traffic
  /** The number of the generation in force. */
  generation(): number
  /** Puts rules in force under the next generation, as an agent does where access may have been taken away. */
  inForce(rules: Enforcement): Promise<void>
  /** What a command line prints in a namespace of the lab; rejects where it fails. */
  run(reference: string, line: string): Promise<string>
  /** Connections whose verdict is another than expected. */
  mistakes(protocol: ProbeProtocol, expected: readonly Expected[]): Promise<readonly string[]>
  /** Whether packets with the marker that `sender` sends to an address come by at another end's interface. */
  arrives(sending: Sending): Promise<boolean>
  /** Whether none of them comes by, in a time that is many times what they take. */
  staysAway(sending: Sending): Promise<boolean>
  /** Ends what a test has started, and forgets its connections. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** From, to, and the port where it matters. */
export type Expected = readonly [verdict: "allowed" | "denied", from: string, to: string, port?: number]

export interface Sending {
  readonly sender: string
  readonly to: string
  readonly packet: string
  readonly at: string
}

export async function createEdgeLab(): Promise<EdgeLab> {
  const lab = await createLab(smallLab)
  const traffic = createTraffic(lab)
  let generation = 0
  const run = async (reference: string, line: string) => {
    const { status, stdout, stderr } = await lab.exec(reference, ["sh", "-c", line])
    if (status !== 0) throw new Error(`${line}: ${stderr}`)
    return stdout
  }
  return {
    traffic,
    generation: () => generation,
    inForce: async (rules) => {
      generation += 1
      await enforce(lab, { ...rules, options: { ...rules.options, generation } })
    },
    run,
    mistakes: async (protocol, expected) => {
      const requests = expected.map(([verdict, from, to, port = 8080]): ProbeRequest => {
        return { from, to, protocol, port, timeoutMs: verdict === "allowed" ? 3000 : 300 }
      })
      const results = await lab.probeAll(requests)
      return expected.flatMap((each, i) =>
        results[i]?.verdict === each[0] ? [] : [`${protocol} ${each.join(" ")}: ${results[i]?.outcome}`],
      )
    },
    arrives: (sending) => arrives(traffic, sending),
    staysAway: async (sending) => !(await arrives(traffic, sending, WATCHED_MS)),
    settle: async () => {
      await traffic.stopAll()
      await Promise.all(lab.nodes.map(({ reference }) => run(reference, "conntrack -F")))
    },
    close: () => lab.close(),
  }
}

async function arrives(
  traffic: Traffic,
  { sender, to, packet, at }: Sending,
  milliseconds?: number,
): Promise<boolean> {
  const sniffer = await traffic.ready(at, "sniff eth0")
  const packets = traffic.start(sender, `packets ${packet.startsWith("6") ? 6 : 4} ${to}`)
  packets.write(`${packet}\n`.repeat(3))
  await packets.ended
  const found = await sniffer
    .until((line) => line.includes(marker), milliseconds)
    .then(
      () => true,
      () => false,
    )
  await sniffer.stop()
  return found
}

const WATCHED_MS = 500
