import * as fc from "fast-check"
import { apply } from "nftables-json/apply"
import { normalize } from "nftables-json/normalize"
import type { Ruleset } from "nftables-json/schema"
import { describe, expect, test } from "vitest"
import type { Program } from "../../src/compile/program.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { type NodeUpdate, renderDelta } from "../../src/compile/ruleset/render-delta.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { type ProgramSource, programOf, runOf, stageOf } from "../programs.ts"
import { differenceOf } from "./program-difference.ts"
import { source } from "./ruleset-programs.ts"

const TIMEOUT = 180_000

function render(program: Program): Ruleset {
  return renderNode(program, "node", defaultRulesetOptions)
}

function updateOf(before: Program, after: Program): NodeUpdate {
  const update = renderDelta(after, differenceOf(before, after), "node", defaultRulesetOptions)
  if (update === undefined) throw new Error("the node must be rendered anew")
  return update
}

/** The plan's transactions one after the other: each must be one that the kernel takes by itself. */
function applied(ruleset: Ruleset, { plan }: NodeUpdate): Ruleset {
  return normalize([plan.add, plan.flip, plan.remove].reduce(apply, ruleset))
}

test("the ruleset before, changed by the plan, is the ruleset after", { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(
      source,
      source,
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      (one, other, stays) => {
        // Some pods stay as they are, and some come or go.
        const pods = one.pods?.map((pod, i) => (stays[i] === true ? pod : (other.pods?.[i] ?? pod)))
        const [before, after] = [
          programOf(one),
          programOf({ ...other, pods: pods?.slice(stays[0] === true ? 1 : 0) ?? [] }),
        ]
        expect(applied(render(before), updateOf(before, after))).toStrictEqual(normalize(render(after)))
        expect(applied(render(after), updateOf(after, before))).toStrictEqual(normalize(render(before)))
      },
    ),
    { numRuns: 150 },
  )
})

const web = runOf("Accept", { everyPort: { kind: "some", pods: "web", ranges: null } })
const notWeb = runOf("Deny", { everyPort: { kind: "some", pods: "web", ranges: null } })
const byName = (action: "Accept" | "Deny") => runOf(action, { named: "http" })
const http = (address: string) => ({ address, protocol: "TCP" as const, port: 80 })

const isolated: ProgramSource = {
  families: ["IPv4", "IPv6"],
  pods: [
    {
      addresses: ["10.0.0.1", "fd00::1"],
      ingress: [stageOf([web], ["a"])],
      egress: [stageOf([byName("Accept")], ["a"])],
    },
  ],
  sets: { web: ["10.0.0.2"] },
  named: { http: [http("10.0.0.2")] },
}
const denying: ProgramSource = {
  ...isolated,
  pods: [{ addresses: ["10.0.0.1"], ingress: [stageOf([notWeb])], egress: [stageOf([byName("Deny")])] }],
}

const manyPorts = runOf("Accept", {
  ports: Array.from({ length: 5 }, (_, i) => ({
    protocol: "TCP" as const,
    from: 10 * i,
    to: 10 * i,
    peers: { kind: "some" as const, pods: "web", ranges: null },
  })),
})
/** Two classes whose port map and port chain are the same. */
const [sharing, sharingToo] = ["a", "b"].map(
  (name): ProgramSource => ({
    ...isolated,
    pods: [{ addresses: ["10.0.0.1"], ingress: [stageOf([manyPorts, byName("Deny")], [name])] }],
  }),
)

describe("a delta", () => {
  test.for<[string, ProgramSource, ProgramSource, boolean]>([
    ["of nothing", isolated, isolated, false],
    [
      "that adds a peer's address widens",
      isolated,
      { ...isolated, sets: { web: ["10.0.0.2", "10.0.0.3"] } },
      false,
    ],
    ["that takes a peer's address away narrows", isolated, { ...isolated, sets: { web: [] } }, true],
    [
      "that gives a peer another address narrows",
      isolated,
      { ...isolated, sets: { web: ["10.0.0.3"] } },
      true,
    ],
    [
      "that adds an address with a named port widens",
      isolated,
      { ...isolated, named: { http: [http("10.0.0.2"), http("fd00::2")] } },
      false,
    ],
    ["that takes a named port away narrows", isolated, { ...isolated, named: { http: [] } }, true],
    [
      "that adds to a set of a Deny rule narrows",
      denying,
      { ...denying, sets: { web: ["10.0.0.2", "10.0.0.3"] } },
      true,
    ],
    [
      "that takes from a set of a Deny rule is not proven to widen",
      denying,
      { ...denying, sets: { web: [] } },
      true,
    ],
    [
      "that adds to the named ports of a Deny rule narrows",
      denying,
      { ...denying, named: { http: [http("10.0.0.2"), http("10.0.0.3")] } },
      true,
    ],
    [
      "that adds an isolated pod beside another widens: its address was refused before",
      isolated,
      {
        ...isolated,
        pods: [...(isolated.pods ?? []), { addresses: ["10.0.0.9"], ingress: [stageOf([], ["b"])] }],
      },
      false,
    ],
    [
      "that adds the first isolated pod narrows: multicast to pods ends",
      { pods: [{ addresses: ["10.0.0.1"] }] },
      { pods: [{ addresses: ["10.0.0.1"] }, { addresses: ["10.0.0.2"], ingress: [stageOf([], ["b"])] }] },
      true,
    ],
    [
      "that adds a pod without policies widens",
      { pods: [] },
      { pods: [{ addresses: ["10.0.0.1", "10.0.0.2"] }] },
      false,
    ],
    [
      "that isolates a pod narrows",
      { pods: [{ addresses: ["10.0.0.1"] }] },
      { pods: [{ addresses: ["10.0.0.1"], egress: [stageOf([], ["b"])] }] },
      true,
    ],
    ["that takes a pod away narrows", isolated, { ...isolated, pods: [] }, true],
    ["between classes that share a port chain leaves the chain alone", sharing ?? {}, sharingToo ?? {}, true],
    [
      "that gives an address to another pod narrows",
      { pods: [{ addresses: ["10.0.0.1"], uid: "old" }] },
      { pods: [{ addresses: ["10.0.0.1"], uid: "new" }] },
      true,
    ],
  ])("%s", ([, before, after, narrows]) => {
    const update = updateOf(programOf(before), programOf(after))
    expect(update.narrows).toBe(narrows)
    expect(applied(render(programOf(before)), update)).toStrictEqual(normalize(render(programOf(after))))
  })

  test("of one peer's address is one command", () => {
    const after = { ...isolated, sets: { web: ["10.0.0.2", "10.0.0.3"] } }
    const { plan } = updateOf(programOf(isolated), programOf(after))
    expect(plan).toMatchObject({ add: [], remove: [], flip: [{ add: { element: { elem: ["10.0.0.3"] } } }] })
    expect(plan.flip).toHaveLength(1)
  })

  test("names the addresses whose connections must end", () => {
    const [before, after] = [
      { pods: [{ addresses: ["10.0.0.1"], uid: "old" }, { addresses: ["10.0.0.2"] }] },
      { pods: [{ addresses: ["10.0.0.1"], uid: "new" }] },
    ]
    expect(updateOf(programOf(before), programOf(after)).forget.toSorted()).toStrictEqual([
      "10.0.0.1",
      "10.0.0.2",
    ])
  })

  const nothing = differenceOf(programOf(isolated), programOf(isolated))
  const [unchanged] = nothing.nodes
  test.for<[string, ReturnType<typeof differenceOf>]>([
    ["families", { ...nothing, families: ["IPv4"] }],
    [
      "the node's pod ranges",
      { ...nothing, nodes: unchanged === undefined ? [] : [{ ...unchanged, podCIDRs: ["10.0.0.0/8"] }] },
    ],
    [
      "a node that came",
      { ...nothing, nodes: unchanged === undefined ? [] : [{ ...unchanged, state: "added" }] },
    ],
  ])("of %s asks for the whole ruleset", ([, delta]) => {
    expect(renderDelta(programOf(isolated), delta, "node", defaultRulesetOptions)).toBeUndefined()
  })
})
