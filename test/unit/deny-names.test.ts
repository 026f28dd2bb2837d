import * as fc from "fast-check"
import type { Ruleset } from "nftables-json/schema"
import { expect, test } from "vitest"
import { compile } from "../../src/compile/compile.ts"
import { denyNames } from "../../src/compile/ruleset/deny-names.ts"
import { defaultRulesetOptions } from "../../src/compile/ruleset/options.ts"
import { renderNode } from "../../src/compile/ruleset/render-node.ts"
import { lower } from "../../src/kinds/registry.ts"
import { programOf } from "../programs.ts"
import { networkPolicy, pod, snapshot } from "../snapshots.ts"
import { source } from "./ruleset-programs.ts"

test("every deny chain of a node has a name, and says what its last rule does", { timeout: 180_000 }, () => {
  fc.assert(
    fc.property(source, (source) => {
      const program = programOf(source)
      const names = denyNames(program, "node", defaultRulesetOptions)
      const ends = endsOf(renderNode(program, "node", defaultRulesetOptions))
      const told = [...names].map(([name, { observed }]) => [name, !observed] as const)
      expect(new Map(told)).toEqual(new Map([...ends].map(([name, end]) => [name, end.includes('"drop"')])))
    }),
    { numRuns: 100 },
  )
})

/** The last rule of each deny chain. */
function endsOf(ruleset: Ruleset): ReadonlyMap<string, string> {
  return new Map(
    ruleset.flatMap((object) =>
      "rule" in object && object.rule.chain.startsWith("deny_")
        ? [[object.rule.chain, JSON.stringify(object.rule.expr)] as const]
        : [],
    ),
  )
}

test("a counter is its namespace's, its direction's and that of the policies that isolate", () => {
  const shut = { podSelector: {}, policyTypes: ["Ingress"] }
  const cluster = snapshot({
    namespaces: { shop: { "postern.dev/enforcement": "observe" }, bank: {} },
    pods: [
      pod("web", { addresses: ["10.0.0.1"] }),
      pod("safe", { namespace: "bank", addresses: ["10.0.0.2"] }),
      // Has no address yet: its chains are there before.
      pod("till", { namespace: "bank", labels: { app: "till" } }),
    ],
    policies: [
      networkPolicy("shut", shut),
      networkPolicy("shut", shut, "bank"),
      networkPolicy(
        "till",
        { podSelector: { matchLabels: { app: "till" } }, policyTypes: ["Egress"] },
        "bank",
      ),
    ],
  })
  const program = compile(cluster, { lower })
  const told = Array.from(denyNames(program, "node-a", defaultRulesetOptions).values(), (each) => {
    const policies = each.policies.map(({ namespace, name }) => `${namespace}/${name}`)
    return { ...each, policies: policies.join() }
  })
  expect(told.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))).toEqual([
    { by: "isolation", policies: "bank/shut", direction: "ingress", observed: false, namespaces: ["bank"] },
    { by: "isolation", policies: "bank/till", direction: "egress", observed: false, namespaces: ["bank"] },
    { by: "isolation", policies: "shop/shut", direction: "ingress", observed: true, namespaces: ["shop"] },
  ])
  expect(denyNames(program, "nowhere", defaultRulesetOptions).size).toBe(0)
})
