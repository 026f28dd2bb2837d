// What people read of a cluster's state.

import { Ajv2020 } from "ajv/dist/2020.js"
import { expect, test } from "vitest"
import { type NodeLine, type PolicyLine, type StatusReport, statusSchema } from "../api/status-report.ts"
import { enforcementText, wouldDropText } from "./enforcement-text.ts"
import { palette } from "./palette.ts"
import type { Screen } from "./screen.ts"
import { statusText } from "./status-text.ts"

const screen: Screen = { palette: palette(false), columns: 100 }
const isReport = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(statusSchema)

const node = (name: string, more: Partial<NodeLine> = {}): NodeLine => ({
  name,
  state: "Programmed",
  since: "2026-01-02T03:04:05Z",
  observing: false,
  version: "0.1.0",
  message: "",
  problems: [],
  ...more,
})

const policy = (name: string, more: Partial<PolicyLine> = {}): PolicyLine => ({
  kind: "NetworkPolicy",
  namespace: "shop",
  name,
  phase: "Programmed",
  enforcement: "enforce",
  selectedPods: 2,
  nodes: { desired: 1, programmed: 1, failedCount: 0, failed: [] },
  message: "enforced on 1 node",
  denied: { ingress: 0, egress: 0 },
  ...more,
})

const report = (more: Partial<StatusReport>): StatusReport => ({
  enforcement: "enforce",
  stale: "",
  namespaces: {},
  nodes: [node("one")],
  policies: [],
  next: [],
  ...more,
})

test.for<readonly [string, Partial<StatusReport>, string]>([
  [
    "nothing to do",
    { policies: [policy("a"), policy("b", { phase: "Pending" })] },
    `
Nodes      1: 1 Programmed
Policies   2: 1 Programmed, 1 Pending
Mode       enforce
`,
  ],
  [
    "that it may be old, first of all",
    { stale: "no controller has written statuses yet" },
    `
Old        no controller has written statuses yet
Nodes      1: 1 Programmed
Policies   none
Mode       enforce
`,
  ],
  [
    "what wants attention, and why",
    {
      nodes: [node("two", { state: "Degraded", message: "no memory" }), node("one")],
      policies: [
        policy("a", { phase: "Failed", message: "its pods fail closed: spec.ingress[0]: no" }),
        policy("default-deny", { phase: "Degraded", message: "not enforced on two: no memory" }),
      ],
      next: ["postern status --node NAME says all of a node"],
    },
    `
Nodes      2: 1 Degraded, 1 Programmed
  two  Degraded  no memory
Policies   2: 1 Degraded, 1 Failed
  shop/networkpolicy/a             Failed    its pods fail closed: spec.ingress[0]: no
  shop/networkpolicy/default-deny  Degraded  not enforced on two: no memory
Mode       enforce
Next       postern status --node NAME says all of a node
`,
  ],
  [
    "the same problem of many nodes once, and notes as a number",
    {
      nodes: ["one", "two", "three"].map((name) =>
        node(name, {
          problems: [
            { code: "c", severity: "warning", subject: "s", message: "a flowtable" },
            { code: "c", severity: "note", subject: "s", message: "another table" },
          ],
        }),
      ),
    },
    `
Nodes      3: 3 Programmed
Problems   1; 1 note on other tables and the like: postern status --node NAME
  warning  3 nodes  a flowtable
Policies   none
Mode       enforce
`,
  ],
  [
    "what observing has counted, the most first",
    {
      enforcement: "observe",
      namespaces: { bank: "enforce", shop: "observe" },
      policies: [
        policy("a", { enforcement: "observe", denied: { ingress: 1, egress: 0 } }),
        policy("b", { namespace: "bank", denied: { ingress: 1_000, egress: 234 } }),
      ],
    },
    `
Nodes      1: 1 Programmed
Policies   2: 2 Programmed
Denied     by policy, since they were counted first
  bank/networkpolicy/b  dropped   1,000 packets to its pods, 234 packets from its pods
  shop/networkpolicy/a  let pass  1 packet to its pods
Mode       observe; enforced: bank
`,
  ],
])("%s", ([, more, expected]) => {
  expect(isReport(report(more))).toBe(true)
  expect(`\n${statusText(report(more), screen)}`).toBe(expected)
})

test("of one node everything is told", () => {
  const problems = [{ code: "c", severity: "note", subject: "s", message: "another table" }] as const
  expect(
    statusText(report({ nodes: [node("one", { problems: [...problems] })] }), screen, { notes: true }),
  ).toContain("Problems   1\n  note  one  another table\n")
})

test("thousands of lines are a few, with a hint; long words stay within the screen", () => {
  const policies = Array.from({ length: 5_000 }, (_, i) =>
    policy(`p${i}`, { phase: "Failed", message: "word ".repeat(60) }),
  )
  const lines = statusText(report({ policies }), screen).split("\n")
  expect(lines.length).toBeLessThan(150)
  expect(lines).toContain("  and 4980 more; -o json has all")
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100)
})

test("what was told to whom, and who could not be told", () => {
  const results = [
    { subject: "the cluster's setting", ok: true, message: "is observe" },
    { subject: "node one", ok: true, message: "drops nothing" },
    { subject: "node two", ok: false, message: "no agent runs there" },
  ]
  expect(`\n${enforcementText({ enforcement: "observe", results }, screen)}`).toBe(`
✓ the cluster's setting  is observe
✓ node one               drops nothing
✗ node two               no agent runs there
1 of 3 failed
`)
})

test("what enforcing would drop is what observing has counted", () => {
  const policies = [
    policy("a", { enforcement: "observe", denied: { ingress: 3, egress: 4 } }),
    policy("b", { denied: { ingress: 3, egress: 4 } }),
    policy("c", { enforcement: "observe" }),
  ]
  expect(wouldDropText(report({ policies }), screen)).toBe(
    "While observing:\n  shop/a: 7 packets would have been dropped\n",
  )
  expect(wouldDropText(report({}), screen)).toBe("Nothing that is observed was counted as denied so far.\n")
})
