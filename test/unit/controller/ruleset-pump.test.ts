// What is rendered for agents that come back, and what is not.

import { setImmediate } from "node:timers/promises"
import { afterEach, expect, test } from "vitest"
import { createEngine } from "../../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import type { Change } from "../../../src/compile/snapshot.ts"
import { createDistributor, type Distributor } from "../../../src/controller/distributor.ts"
import { lower } from "../../../src/kinds/registry.ts"
import { networkPolicy, node, pod } from "../../snapshots.ts"
import { StreamAgent } from "./stream-agent.ts"

let distributor: Distributor | undefined
afterEach(() => distributor?.close(0))

const policyFor = (app: string, from: string): Change => {
  const peers = [{ podSelector: { matchLabels: { app: from } } }]
  const spec = { podSelector: { matchLabels: { app } }, ingress: [{ from: peers }] }
  return { kind: "policy", op: "set", value: networkPolicy(`for-${app}`, spec) }
}

const podOn = (name: string, on: string, address: string): Change => ({
  kind: "pod",
  op: "set",
  value: pod(name, { uid: name, node: on, labels: { app: name }, addresses: [address] }),
})

/** Two nodes with a pod each, judged by a policy of its own; agents that have both rulesets; what is rendered later. */
async function cluster() {
  const engine = createEngine({ lower })
  const rendered: string[] = []
  const made = createDistributor({
    engine: {
      ...engine,
      program: () => {
        const program = engine.program()
        const policyClass = (key: string) => {
          rendered.push(key)
          return program.policyClass(key)
        }
        return { ...program, policyClass }
      },
    },
    ruleset: defaultRulesetOptions,
    mergeMs: 0,
  })
  distributor = made
  made.apply([
    { kind: "node", op: "set", value: node("node-a") },
    { kind: "node", op: "set", value: node("node-b") },
    podOn("web", "node-a", "10.0.1.2"),
    podOn("db", "node-b", "10.0.2.2"),
    policyFor("web", "db"),
    policyFor("db", "none"),
  ])
  const agents = { a: new StreamAgent("node-a", made), b: new StreamAgent("node-b", made) }
  const come = async (): Promise<readonly (string | undefined)[]> => {
    const before = [agents.a, agents.b].map(({ kinds }) => kinds.length)
    rendered.splice(0)
    agents.a.connect()
    agents.b.connect()
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    return [agents.a, agents.b].map(({ kinds }, i) => kinds[before[i] ?? 0])
  }
  expect(await come()).toEqual(["ruleset", "ruleset"])
  expect(rendered.length).toBeGreaterThan(0)
  return { made, agents, come, rendered }
}

test("agents that come back to what they hold are told so, and nothing is rendered", async () => {
  const { come, rendered } = await cluster()
  expect(await come()).toEqual(["unchanged", "unchanged"])
  expect(rendered).toEqual([])
})

test("an agent that comes back with something else gets its ruleset", async () => {
  const { come, agents } = await cluster()
  agents.a.ruleset = []
  expect(await come()).toEqual(["ruleset", "unchanged"])
})

test.for<[string, (made: Distributor) => void, readonly string[]]>([
  ["a node's pod", (made) => made.apply([podOn("db2", "node-b", "10.0.2.3")]), ["unchanged", "ruleset"]],
  [
    "the members of a node's sets",
    (made) =>
      made.apply([
        {
          kind: "pod",
          op: "set",
          value: pod("db-peer", { uid: "p", node: "node-b", labels: { app: "db" }, addresses: ["10.0.2.4"] }),
        },
      ]),
    ["ruleset", "ruleset"],
  ],
  ["a policy", (made) => made.apply([policyFor("db", "web")]), ["unchanged", "ruleset"]],
  ["families", (made) => made.apply([podOn("six", "node-b", "fd00::6")]), ["ruleset", "ruleset"]],
  [
    "the settings",
    (made) => made.setSettings({ ...defaultRulesetOptions, logGroup: 7 }),
    ["ruleset", "ruleset"],
  ],
])(
  "agents that come back after a change of %s get what has changed for them",
  async ([, change, expected]) => {
    const { come, agents, made } = await cluster()
    agents.a.disconnect()
    agents.b.disconnect()
    change(made)
    expect(await come()).toEqual(expected)
    expect(await come()).toEqual(["unchanged", "unchanged"])
  },
)
