import * as fc from "fast-check"
import { expect, test } from "vitest"
import { nobody, quietReport } from "../../../test/impact-report.ts"
import { randomReport } from "../../../test/random/impact-report.ts"
import type { ImpactReport } from "../../api/impact-report.ts"
import { impactWarnings, MOST_CHARACTERS, MOST_WARNINGS } from "./warnings.ts"

const quiet = quietReport("k7q2x4m3aa")

type Connection = ImpactReport["appearing"]["listed"][number]

const web = { namespace: "shop", name: "web", kind: "Deployment", pods: 2 }
const db = { namespace: "shop", name: "db", kind: "StatefulSet", pods: 1 }
const dns = { namespace: "kube-system", name: "coredns", kind: "Deployment", pods: 2 }
const lost = (rest: Partial<Connection>): Connection => ({
  source: web,
  destination: db,
  before: "All Connections",
  after: "",
  changed: "All Connections",
  decidedBy: "",
  dns: false,
  ...rest,
})
const services = [
  "advertising",
  "baskets",
  "checkout",
  "delivery",
  "emailing",
  "frontend",
  "gateway",
  "history",
  "invoices",
].map((name) => ({ namespace: "shop", name: `${name}-7c9f8b6d5`, kind: "ReplicaSet", pods: 1 }))
const amongAll = (ends: readonly (typeof web)[]) =>
  ends.flatMap((source) =>
    ends.filter((each) => each !== source).map((destination) => lost({ source, destination })),
  )
const END = "for all of it: postern report k7q2x4m3aa"

test.for<[string, Partial<ImpactReport>, readonly string[]]>([
  ["where nothing changes nothing is said", {}, []],
  [
    "the summary, who, what, and where the rest is",
    {
      isolated: { ...nobody, ingress: { pods: 3, workloads: [web, db] } },
      disappearing: {
        pairs: 14,
        observed: 0,
        listed: [
          lost({ destination: dns, changed: "UDP 53", before: "TCP 53,UDP 53", after: "TCP 53", dns: true }),
          lost({}),
        ],
      },
      nodes: ["a", "b"],
    },
    [
      "3 pods become ingress-isolated; 14 connections disappear, 0 appear; 2 nodes change",
      "ingress-isolated then: shop/web[Deployment], shop/db[StatefulSet]",
      "lost (DNS): UDP 53 from shop/web[Deployment] to kube-system/coredns[Deployment] (left: TCP 53)",
      "lost: All Connections from shop/web[Deployment] to shop/db[StatefulSet]",
      "lost: 12 connections more",
      END,
    ],
  ],
  [
    "pods that are isolated no longer",
    {
      released: { ingress: { pods: 2, workloads: [web] }, egress: { pods: 1, workloads: [db] } },
      appearing: { pairs: 1, observed: 0, listed: [lost({ source: { range: "0.0.0.0-255.255.255.255" } })] },
      nodes: ["a"],
    },
    [
      "2 pods are no longer ingress-isolated, 1 egress-isolated; 0 connections disappear, 1 appears; 1 node changes",
      "no longer ingress-isolated: shop/web[Deployment]",
      "no longer egress-isolated: shop/db[StatefulSet]",
      "new: All Connections from 0.0.0.0-255.255.255.255 to shop/db[StatefulSet] (before: All Connections)",
      END,
    ],
  ],
  [
    "what is only counted, and what there was no time for",
    { complete: false, enforcement: "observe", disappearing: { pairs: 1, observed: 1, listed: [lost({})] } },
    [
      "at least: 1 connection disappears, 0 appear; no node changes",
      "the time allowed was not enough for all of it: counts are lower bounds",
      "observed, not enforced: what disappears is only counted for now",
      "lost: All Connections from shop/web[Deployment] to shop/db[StatefulSet]",
      END,
    ],
  ],
  [
    "what many lose alike is one line, and of what is not listed it is said how much",
    {
      isolated: {
        ingress: { pods: 9, workloads: services.slice(0, 9) },
        egress: { pods: 9, workloads: services.slice(0, 9) },
      },
      disappearing: {
        pairs: 30,
        observed: 0,
        listed: [
          ...services.slice(0, 9).map((source) => lost({ source, destination: dns, dns: true })),
          ...amongAll(services.slice(0, 4)),
          lost({ source: { range: "0.0.0.0-255.255.255.255" }, before: "All Connections", after: "TCP 443" }),
        ],
      },
    },
    [
      "9 pods become ingress-isolated, 9 egress-isolated; 30 connections disappear, 0 appear; no node changes",
      "ingress- and egress-isolated then: 9 workloads of shop (advertising, baskets, checkout, delivery, emailing, frontend, …)",
      "lost (DNS): All Connections from 9 workloads of shop (advertising, baskets, …) to kube-system/coredns[Deployment]",
      "lost: All Connections among 4 workloads of shop (advertising, baskets, checkout, delivery)",
      "lost: All Connections but TCP 443 from 0.0.0.0-255.255.255.255 to shop/db[StatefulSet]",
      "lost: 8 connections more",
      END,
    ],
  ],
  [
    "what is not named is counted",
    {
      disappearing: { pairs: 3, observed: 0, listed: [] },
      hidden: { namespaces: 2, pods: 0, pairs: 3, nodes: 4, assertions: 1 },
    },
    [
      "3 connections disappear, 0 appear; 4 nodes change",
      "3 connections and 1 failing assertion not named: you may not list pods there",
      END,
    ],
  ],
  [
    "long names are cut, each with an ellipsis",
    {
      disappearing: {
        pairs: 1,
        observed: 0,
        listed: [
          lost({
            source: { ...web, name: "w".repeat(63), namespace: "n".repeat(63) },
            destination: { ...db, name: "d".repeat(63) },
          }),
        ],
      },
    },
    [
      "1 connection disappears, 0 appear; no node changes",
      `lost: All Connections from ${"n".repeat(13)}…/${"w".repeat(28)}… to shop/${"d".repeat(39)}…`,
      END,
    ],
  ],
  [
    "characters that would steer a terminal are replaced",
    {
      isolated: { ...nobody, egress: { pods: 1, workloads: [{ ...web, name: "a\u001b[2Jb\u202ec\n" }] } },
    },
    [
      "1 pod becomes egress-isolated; no connection appears or disappears; no node changes",
      "egress-isolated then: shop/a\uFFFD[2Jb\uFFFDc\uFFFD[Deployment]",
      END,
    ],
  ],
])("%s", ([, report, expected]) => {
  expect(impactWarnings({ ...quiet, ...report })).toEqual(expected)
})

test("never more lines than allowed, nor longer ones, and what appears has its place", () => {
  fc.assert(
    fc.property(randomReport, (report) => {
      const lines = impactWarnings(report)
      expect(lines.length).toBeLessThanOrEqual(MOST_WARNINGS)
      for (const each of lines) expect(Array.from(each).length).toBeLessThanOrEqual(MOST_CHARACTERS)
      expect(lines.at(-1)).toBe(END)
      const isToldOf = (start: string) => lines.some((each) => each.startsWith(start))
      expect(isToldOf("new")).toBe(report.appearing.listed.length > 0)
      expect(isToldOf("lost")).toBe(report.disappearing.listed.length > 0)
    }),
  )
})
