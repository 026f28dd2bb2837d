import { expect, test } from "vitest"
import { nobody, quietReport } from "../../test/impact-report.ts"
import type { ImpactReport } from "../api/impact-report.ts"
import { impactText } from "./impact-text.ts"
import { palette } from "./palette.ts"

const quiet = quietReport("4k2m9x7q1c")
const web = { namespace: "shop", name: "web", kind: "Deployment", pods: 2 }
const client = { namespace: "shop", name: "client", kind: "Pod", pods: 1 }
const screen = { palette: palette(false), columns: 80 }

test("a report is told from the summary to what is not named", () => {
  const report: ImpactReport = {
    ...quiet,
    isolated: { ...nobody, ingress: { pods: 2, workloads: [web] } },
    disappearing: {
      pairs: 3,
      observed: 0,
      listed: [
        {
          source: client,
          destination: web,
          before: "All Connections",
          after: "",
          changed: "All Connections",
          decidedBy: "ingress of shop/web: isolated by NetworkPolicy shop/closed, and no rule accepts this",
          dns: false,
        },
      ],
    },
    nodes: ["node-a", "node-b"],
    findings: [{ code: "PNP0401", severity: "warning", message: "selects no pod", path: "spec.podSelector" }],
    hidden: { namespaces: 1, pods: 0, pairs: 2, nodes: 0, assertions: 0 },
    notes: ["the cluster changes meanwhile"],
  }
  expect(impactText(report, screen)).toBe(`NetworkPolicy shop/closed, created
2 pods become ingress-isolated; 3 connections disappear, 0 appear; 2 nodes
  change

ingress-isolated then  2 pods
  shop/web[Deployment]

3 connections disappear
  - shop/client[Pod] → shop/web[Deployment]  All Connections
      ingress of shop/web: isolated by NetworkPolicy shop/closed, and no rule
        accepts this
    and 2 more

note the cluster changes meanwhile

warning PNP0401 spec.podSelector: selects no pod

nodes whose ruleset changes  2 nodes
  node-a, node-b

not named, in 1 namespace in which you may not list pods: 2 connections
`)
})

test("a change that does nothing has one sentence", () => {
  expect(impactText({ ...quiet, operation: "DELETE" }, screen)).toBe(
    "NetworkPolicy shop/closed, deleted\nno connection appears or disappears\n",
  )
})

test("names cannot steer the terminal", () => {
  const subject = { kind: "NetworkPolicy", namespace: "shop", name: "a\u001b[2Jb" }
  expect(impactText({ ...quiet, subject }, screen)).not.toContain("\u001b")
})

test("a connection that does not fit in a line has its destination in the next one", () => {
  const sources = ["aggregator", "backoffice", "collector", "dispatcher"]
  const listed = sources.map((name) => ({
    source: { ...client, name },
    destination: web,
    before: "All Connections",
    after: "",
    changed: "All Connections",
    decidedBy: "",
    dns: true,
  }))
  expect(impactText({ ...quiet, disappearing: { pairs: 4, observed: 0, listed } }, screen)).toContain(`
  - shop/aggregator[Pod], shop/backoffice[Pod] and 2 more
    → shop/web[Deployment]  All Connections  DNS
`)
})
