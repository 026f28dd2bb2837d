import { normalize } from "nftables-json/normalize"
import { createOneShot } from "nftables-json/one-shot"
import type { Ruleset } from "nftables-json/schema"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  createNamespace,
  type NetworkNamespace,
} from "../../packages/nftables-json/test/network-namespace.ts"
import type { Action } from "../../src/compile/policy-ir.ts"
import type { PeerUnion, PortGroup, Run } from "../../src/compile/program.ts"
import { MAXIMUM_SEGMENTS } from "../../src/compile/ruleset/class-chain.ts"
import { defaultRulesetOptions, type RulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { type PodSource, type ProgramSource, programOf, runOf, stageOf } from "../programs.ts"

const any: PeerUnion = { kind: "any" }
const pods = (key: string): PeerUnion => ({ kind: "some", pods: key, ranges: null })
const blocks: PeerUnion = {
  kind: "some",
  pods: null,
  ranges: {
    v4: [
      { from: "10.0.0.0", to: "10.0.255.255" },
      { from: "10.2.0.1", to: "10.255.255.255" },
      { from: "192.0.2.7", to: "192.0.2.7" },
    ],
    v6: [{ from: "2001:db8::", to: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" }],
  },
}

const dualStack = {
  families: ["IPv4", "IPv6"],
  podCIDRs: ["10.244.1.0/24", "fd00:244::/64"],
  sets: {
    clients: ["10.244.1.2", "10.244.2.2", "fd00:244::2"],
    nobody: [],
  },
  named: {
    web: [
      { address: "10.244.1.2", protocol: "TCP", port: 8080 },
      { address: "10.244.1.2", protocol: "SCTP", port: 9 },
      { address: "fd00:244::2", protocol: "UDP", port: 53 },
    ],
  },
} as const

function groups(count: number, peers: (i: number) => PeerUnion): readonly PortGroup[] {
  return Array.from({ length: count }, (_, i) => ({
    protocol: "TCP",
    from: 10 * i,
    to: 10 * i + 5,
    peers: peers(i),
  }))
}

function everyRun(action: Action): Run {
  return runOf(action, {
    everyPort: { kind: "some", pods: "clients", ranges: blocks.kind === "some" ? blocks.ranges : null },
    ports: [
      { protocol: "TCP", from: 80, to: 80, peers: any },
      { protocol: "UDP", from: 0, to: 65535, peers: pods("nobody") },
      { protocol: "SCTP", from: 1, to: 65535, peers: blocks },
    ],
    named: "web",
  })
}

const ACTIONS: readonly Action[] = ["Accept", "Deny", "Pass", "Log"]

/** As many tiers with Pass as a class may have, and one more; at the end a port map, each in the deepest way it ends. */
function deepest(observed: boolean): readonly PodSource[] {
  const many = { ports: groups(9, () => pods("clients")) }
  const passing = [everyRun("Accept"), runOf("Pass", many)]
  const last = observed ? stageOf([runOf("Deny", many)], ["a"], 99) : stageOf(passing, [], 99)
  return [MAXIMUM_SEGMENTS, MAXIMUM_SEGMENTS + 1].flatMap((count) =>
    (["ingress", "egress"] as const).map((direction, i) => ({
      addresses: [`10.244.1.${2 * count + i}`],
      observed,
      [direction]: Array.from({ length: count }, (_, n) =>
        n + 1 === count ? last : stageOf(passing, [], n),
      ),
    })),
  )
}

describe("a rendered ruleset", () => {
  let namespace: NetworkNamespace
  beforeAll(() => {
    namespace = createNamespace()
  })
  afterAll(() => namespace.remove())

  const listed = async (ruleset: Ruleset): Promise<Ruleset> => {
    const nft = createOneShot({ command: [...namespace.enter, "nft"] })
    await nft.run([{ flush: { ruleset: null } }, ...ruleset.map((object) => ({ add: object }))])
    return nft.list()
  }

  test.for<[string, ProgramSource, Partial<RulesetOptions>]>([
    ["of an empty node", {}, {}],
    ["of IPv6 alone", { families: ["IPv6"], podCIDRs: ["fd00:244::/64"] }, {}],
    ["of no family at all", { families: [] }, {}],
    ["of pods without policies", { ...dualStack, pods: [{ addresses: ["10.244.1.2", "fd00:244::2"] }] }, {}],
    [
      "of isolated pods",
      {
        ...dualStack,
        pods: [
          {
            addresses: ["10.244.1.2", "fd00:244::2"],
            ingress: [stageOf([], ["a"])],
            egress: [stageOf([], ["b"])],
          },
        ],
      },
      {},
    ],
    [
      "of every kind of run in every action",
      {
        ...dualStack,
        pods: ACTIONS.flatMap((action) => [
          {
            addresses: [`10.244.1.${10 + ACTIONS.indexOf(action)}`],
            ingress: [stageOf([everyRun(action)], ["a"])],
          },
          {
            addresses: [`10.244.1.${20 + ACTIONS.indexOf(action)}`],
            egress: [stageOf([everyRun(action)], ["a"])],
          },
        ]),
      },
      {},
    ],
    [
      "of observed pods in an observed cluster",
      {
        ...dualStack,
        pods: (["ingress", "egress"] as const).map((direction, i) => ({
          addresses: [`10.244.1.${i + 2}`],
          observed: true,
          [direction]: [stageOf(ACTIONS.map(everyRun), [], 100), stageOf([everyRun("Accept")], ["a", "b"])],
        })),
      },
      { enforcement: "observe" },
    ],
    [
      "of several tiers",
      {
        ...dualStack,
        pods: (["ingress", "egress"] as const).map((direction, i) => ({
          addresses: [`10.244.1.${i + 2}`],
          [direction]: [
            stageOf(ACTIONS.map(everyRun), [], 100),
            stageOf([everyRun("Accept")], ["a", "b"], 200),
            stageOf([everyRun("Deny")], [], 300),
          ],
        })),
      },
      {},
    ],
    [
      "of port maps over the whole range of ports",
      {
        ...dualStack,
        pods: (["ingress", "egress"] as const).map((direction, i) => ({
          addresses: [`10.244.1.${i + 2}`],
          [direction]: [
            stageOf([runOf("Deny", { ports: groups(9, () => pods("clients")) })], [], 100),
            stageOf(
              [
                runOf("Accept", {
                  ports: [
                    { protocol: "TCP", from: 0, to: 0, peers: any },
                    ...groups(9, (n) => (n % 2 === 0 ? blocks : any)).map((each) => ({
                      ...each,
                      from: each.from + 1,
                    })),
                    { protocol: "TCP", from: 40000, to: 65535, peers: pods("clients") },
                  ],
                }),
              ],
              ["a"],
            ),
          ],
        })),
      },
      {},
    ],
    [
      "with every setting turned",
      {
        ...dualStack,
        pods: [{ addresses: ["10.244.1.2"], ingress: [stageOf([everyRun("Accept")], ["a"])] }],
      },
      { establishedRecheck: false, midStream: "accept", multicast: "accept", logGroup: 7 },
    ],
    [
      "with a mask in the middle of the mark",
      {
        ...dualStack,
        pods: [{ addresses: ["10.244.1.2"], ingress: [stageOf([everyRun("Accept")], ["a"])] }],
      },
      { mask: 0x00ff0000, generation: 254 },
    ],
  ])("%s is loaded, and listed as it was sent", async ([, source, options]) => {
    const ruleset = renderNode(programOf(source), "node", { ...defaultRulesetOptions, ...options })
    expect(normalize(await listed(ruleset))).toStrictEqual(normalize(ruleset))
  })

  test.for<[string, ProgramSource, Partial<RulesetOptions>]>([
    [
      "a class of 200 runs",
      {
        ...dualStack,
        pods: (["ingress", "egress"] as const).map((direction, i) => ({
          addresses: [`10.244.1.${i + 2}`],
          [direction]: [
            stageOf(
              Array.from({ length: 200 }, (_, n) =>
                runOf(n % 2 === 0 ? "Accept" : "Deny", { ports: groups(9, () => pods("clients")) }),
              ),
              ["a"],
            ),
          ],
        })),
      },
      {},
    ],
    [
      "a class of 1,000 policies with a port and a block each",
      {
        ...dualStack,
        pods: (["ingress", "egress"] as const).map((direction, i) => ({
          addresses: [`10.244.1.${i + 2}`],
          [direction]: [
            stageOf(
              [
                runOf("Accept", {
                  ports: groups(1000, (n) => ({
                    kind: "some",
                    pods: null,
                    ranges: {
                      v4: [{ from: `10.${n >> 8}.${n & 255}.1`, to: `10.${n >> 8}.${n & 255}.9` }],
                      v6: [],
                    },
                  })),
                }),
              ],
              Array.from({ length: 1000 }, (_, n) => `policy-${n}`),
            ),
          ],
        })),
      },
      {},
    ],
    [
      `as many tiers with Pass as a class may have, ${MAXIMUM_SEGMENTS}, and one more`,
      {
        ...dualStack,
        pods: deepest(false),
      },
      {},
    ],
    ["the same of observed pods", { ...dualStack, pods: deepest(true) }, {}],
    ["the same in an observed cluster", { ...dualStack, pods: deepest(true) }, { enforcement: "observe" }],
  ])("%s is loaded", async ([, source, options]) => {
    const ruleset = renderNode(programOf(source), "node", { ...defaultRulesetOptions, ...options })
    expect(normalize(await listed(ruleset))).toStrictEqual(normalize(ruleset))
  })
})
