import * as fc from "fast-check"
import { evaluate, prepare } from "nftables-json/evaluate"
import type { Packet } from "nftables-json/packet"
import { expect, test } from "vitest"
import { createEngine } from "../../src/compile/engine/engine.ts"
import type { Endpoint, Program } from "../../src/compile/program.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { ADDRESSES, change, lowerIr } from "../engine/changes.ts"
import { seedOf } from "../random/seed.ts"

const seed = seedOf()
const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 10 })

test("an update that is said not to narrow takes nothing away from a connection that is in force", {
  timeout: 120_000,
}, () => {
  const seen = { narrowing: 0, widening: 0, passing: 0 }
  fc.assert(
    fc.property(batches, (all) => {
      const engine = createEngine({ lower: lowerIr })
      let before = new Map<string, Passing>()
      let held = new Map<string, ReadonlySet<string>>()
      for (const changes of all) {
        const delta = engine.apply(changes)
        const program = engine.program()
        const after = new Map([...program.nodes.keys()].map((node) => [node, passingOn(program, node)]))
        for (const [node, { marked }] of before) {
          const update = renderDelta(program, delta, node, defaultRulesetOptions)
          if (update === undefined) continue
          seen[update.narrows ? "narrowing" : "widening"] += 1
          if (update.narrows) continue
          // An address without an entry was refused as long as it was a pod's, by its range or its interface.
          const arrived = delta.nodes.find((each) => each.node === node)?.endpoints ?? []
          const lost = marked.filter(
            (flow) =>
              after.get(node)?.all.has(flow) !== true &&
              !arrived.some(
                ({ address }) => !held.get(node)?.has(address) && flow.split(" ").includes(address),
              ),
          )
          expect({ node, lost }).toEqual({ node, lost: [] })
          seen.passing += marked.length
        }
        before = after
        held = new Map([...program.nodes].map(([name, { endpoints }]) => [name, addressesOf(endpoints())]))
      }
    }),
    { seed, numRuns: 100 },
  )
  expect(Math.min(seen.narrowing, seen.widening)).toBeGreaterThan(50)
  expect(seen.passing).toBeGreaterThan(1000)
})

function addressesOf(endpoints: Iterable<Endpoint>): ReadonlySet<string> {
  return new Set(Array.from(endpoints, ({ address }) => address))
}

interface Passing {
  readonly all: ReadonlySet<string>
  /** Those that carry the generation: only they go on unjudged. */
  readonly marked: readonly string[]
}

function passingOn(program: Program, node: string): Passing {
  const prepared = prepare(renderNode(program, node, defaultRulesetOptions))
  const passed = packets
    .map(({ flow, packet }) => ({
      flow,
      ...evaluate(prepared, packet, { fib: () => "unicast", trace: "none" }),
    }))
    .filter(({ verdict }) => verdict === "accept")
  return {
    all: new Set(passed.map(({ flow }) => flow)),
    marked: passed.filter(({ ctMark }) => ctMark !== 0).map(({ flow }) => flow),
  }
}

const packets = [...ADDRESSES, "192.0.2.1"].flatMap((from) =>
  [...ADDRESSES, "192.0.2.1"]
    .filter((to) => to !== from && isSix(to) === isSix(from))
    .flatMap((to) =>
      (["tcp", "udp"] as const).flatMap((l4proto) =>
        [53, 80, 443].map((destinationPort) => ({
          flow: `${from} ${to} ${l4proto}/${destinationPort}`,
          packet: packetOf({ from, to, l4proto, destinationPort }),
        })),
      ),
    ),
)

interface Flow {
  readonly from: string
  readonly to: string
  readonly l4proto: "tcp" | "udp"
  readonly destinationPort: number
}

function packetOf({ from, to, l4proto, destinationPort }: Flow): Packet {
  return {
    hook: "forward",
    family: isSix(from) ? "ip6" : "ip",
    iifname: "eth0",
    oifname: "eth1",
    source: from,
    destination: to,
    l4proto,
    sourcePort: 40000,
    destinationPort,
    tcpFlags: ["syn"],
    ct: { state: "new" },
  }
}

function isSix(address: string): boolean {
  return address.includes(":")
}
