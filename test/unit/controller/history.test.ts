// What agents are told of how far a replica's view has come.

import { expect, test } from "vitest"
import { createEngine } from "../../../src/compile/engine/engine.ts"
import { defaultRulesetOptions } from "../../../src/compile/ruleset/options.ts"
import type { Change } from "../../../src/compile/snapshot.ts"
import { createDistributor } from "../../../src/controller/distributor.ts"
import { lower } from "../../../src/kinds/registry.ts"
import type { ControllerMessage } from "../../../src/wire/messages.ts"
import { networkPolicy, node, pod } from "../../snapshots.ts"

const labelled: Change = { kind: "namespace", op: "set", value: { name: "shop", labels: { a: "b" } } }
const policy: Change = {
  kind: "policy",
  op: "set",
  value: networkPolicy("deny", { podSelector: {}, policyTypes: ["Ingress"] }),
}
const another: Change = {
  kind: "pod",
  op: "set",
  value: pod("another", { node: "node-a", addresses: ["10.0.1.3"] }),
}
const other: Change = { kind: "node", op: "set", value: node("node-b") }

test.for<[string, Change, string]>([
  ["a pod", another, "@pods=2"],
  ["a policy", policy, "@pods=2"],
  ["a namespace", labelled, "@pods=2"],
  ["not a node, of which there is news all the time", other, "@pods=1"],
])("an agent is told how far its replica has come by %s", async ([, change, expected]) => {
  let version = 1
  const distributor = createDistributor({
    engine: createEngine({ lower }),
    ruleset: defaultRulesetOptions,
    mergeMs: 0,
    mark: () => `@pods=${version}`,
  })
  distributor.apply([
    { kind: "node", op: "set", value: node("node-a") },
    { kind: "pod", op: "set", value: pod("web", { node: "node-a", addresses: ["10.0.1.2"] }) },
  ])
  version = 2
  distributor.apply([change])
  const told: ControllerMessage[] = []
  const request = { protocol: 1, version: "", revision: 0, digest: "", asOf: "", connections: [] }
  const write = (line: string): void => void told.push(JSON.parse(line))
  distributor.attach("node-a", request, { buffered: () => 0, write, end: () => undefined })
  await expect.poll(() => told.length).toBe(1)
  expect(told[0]).toMatchObject({ asOf: expect.stringMatching(new RegExp(` ${expected}$`)) })
  await distributor.close(0)
})
