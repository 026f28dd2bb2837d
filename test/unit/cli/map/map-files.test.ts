import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import type { Connectivity } from "../../../../src/analysis/connectivity.ts"
import type { AnalysisEnd, RangeEnd } from "../../../../src/analysis/end.ts"
import { badgesOf } from "../../../../src/cli/map/card.ts"
import { cutRanges } from "../../../../src/cli/map/cut-ranges.ts"
import { dotFile } from "../../../../src/cli/map/dot.ts"
import { drawnMap } from "../../../../src/cli/map/drawn-map.ts"
import { htmlFile } from "../../../../src/cli/map/html.ts"
import type { MapGraph } from "../../../../src/cli/map/map-graph.ts"
import { embeddedJson, markup } from "../../../../src/cli/map/markup.ts"
import { outsideText } from "../../../../src/cli/map/outside-text.ts"
import { stillPicture } from "../../../../src/cli/map/picture.ts"
import { svgFile } from "../../../../src/cli/map/svg.ts"
import { town } from "./town.ts"
import { web } from "./web.ts"

const range = (from: string, to: string): RangeEnd => ({ kind: "range", from, to })
const LAST6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

test.for<[string, readonly RangeEnd[], readonly string[]]>([
  ["a family that is complete", [range("0.0.0.0", "255.255.255.255")], ["every IPv4 address"]],
  ["both families", [range("0.0.0.0", "255.255.255.255"), range("::", LAST6)], ["every address"]],
  [
    "neighbours are one",
    [range("10.0.0.0", "10.0.0.127"), range("10.0.0.128", "10.0.0.255")],
    ["10.0.0.0/24"],
  ],
  ["what is no block is a range", [range("10.0.0.1", "10.0.0.5")], ["10.0.0.1-10.0.0.5"]],
  ["one address", [range("2001:db8::1", "2001:db8::1")], ["2001:db8::1"]],
  [
    "most of a family is told by what it lacks",
    [range("0.0.0.0", "9.255.255.255"), range("11.0.0.0", "255.255.255.255")],
    ["IPv4 except", "10.0.0.0/8"],
  ],
])("addresses outside in words: %s", ([, ranges, expected]) => {
  expect(outsideText(ranges)).toEqual(expected)
})

test("addresses are cut wherever a range begins or ends", () => {
  const { pieces, inside } = cutRanges([
    range("0.0.0.0", "9.255.255.255"),
    range("10.0.0.0", "255.255.255.255"),
    range("0.0.0.0", "255.255.255.255"),
    range("::", LAST6),
  ])
  expect(pieces).toEqual([
    range("0.0.0.0", "9.255.255.255"),
    range("10.0.0.0", "255.255.255.255"),
    range("::", LAST6),
  ])
  expect(inside(range("0.0.0.0", "255.255.255.255"))).toEqual([0, 2])
  expect(inside(range("::", LAST6))).toEqual([2, 3])
})

describe("text from files", () => {
  test.for([
    ["an element", "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"],
    ["control characters", "a\u0000b\u001bc", "a\uFFFDb\uFFFDc"],
    ["a direction that is turned round", "a\u202eb", "a\uFFFDb"],
    ["half a character", "a\ud800b", "a\uFFFDb"],
    ["no character of XML", "a\uffffb", "a\uFFFDb"],
  ])("%s is harmless in markup", ([, text, expected]) => {
    expect(markup(text ?? "")).toBe(expected)
  })

  test("does not end a script, nor begin a comment in it, and is the same when it is read", () => {
    const text = "</script><!--<script>&\u2028\u2029"
    const written = embeddedJson({ text })
    expect(written).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.parse(written)).toEqual({ text })
  })

  test("does not end a string of DOT, and means itself in a label", () => {
    const dot = dotFile(lonely(String.raw`a"];\N&lt;`))
    expect(dot).toContain(String.raw`[label="a\"];\\N&amp;lt;\nPod"`)
  })
})

function graphName(id: string, { namespaces }: MapGraph): string {
  return namespaces.find((namespace) => namespace.id === id)?.name ?? ""
}

function lonely(name: string): Connectivity {
  const end: AnalysisEnd = {
    kind: "workload",
    namespace: "default",
    name,
    workload: "Pod",
    pods: 1,
    hostNetwork: false,
  }
  return { ends: [end], lines: [], notes: [], complete: true }
}

test.for([
  ["dot", dotFile],
  ["svg", svgFile],
  ["html", htmlFile],
] as const)("%s: the same connectivity is the same bytes", ([, file]) => {
  expect(file(town(4, 5))).toBe(file(town(4, 5)))
})

test("the map of a small cluster (golden)", () => {
  const golden = fileURLToPath(new URL("golden/town.dot", import.meta.url))
  expect(dotFile(town(4, 5))).toBe(readFileSync(golden, "utf8"))
})

test.for([
  ["dot", dotFile],
  ["svg", svgFile],
  ["html", htmlFile],
] as const)("%s of an empty cluster is a file", ([, file]) => {
  expect(file({ ends: [], lines: [], notes: [], complete: true })).not.toMatch(/NaN|Infinity|undefined/)
})

describe("what is drawn", () => {
  test("300 workloads of few habits: a card for those that are alike, an arrow for what many have in common", () => {
    const { graph } = drawnMap(town(20, 15), null)
    expect(graph.nodes.length).toBeLessThan(70)
    expect(graph.edges.length).toBeLessThan(70)
    expect(stillPicture(graph).caption).toBe("")
  })

  test("workloads without policies wear it, and have no arrows to each other", () => {
    const { graph } = drawnMap(town(4, 5), null)
    const open = graph.nodes.filter((node) => node.kind === "workloads" && node.acceptsAll && node.sendsAll)
    expect(
      open.flatMap((node) => (node.kind === "workloads" ? node.members.map(({ name }) => name) : [])),
    ).toEqual(expect.arrayContaining(["prometheus", "web-1", "api-2"]))
    const ids = new Set(open.map(({ id }) => id))
    expect(graph.edges.filter(({ source, destination }) => ids.has(source) && ids.has(destination))).toEqual(
      [],
    )
  })

  test("what is only observed is told: on arrows, and on the cards of who is open by it", () => {
    const all = town(4, 5)
    const lines = all.lines.map((line) => ({
      ...line,
      observed: line.destination.kind === "workload" && line.destination.namespace === "open-2",
    }))
    const { graph } = drawnMap({ ...all, lines }, null)
    const observed = graph.nodes.flatMap((node) =>
      node.kind === "workloads" && badgesOf(node).includes("observed")
        ? [graphName(node.namespace, graph)]
        : [],
    )
    expect(observed).toEqual(["open-2"])
    const arrows = drawnMap({ ...all, lines: all.lines.map((line) => ({ ...line, observed: true })) }, null)
    expect(arrows.graph.edges.every((edge) => edge.observed)).toBe(true)
    expect(svgFile({ ...all, lines: all.lines.map((line) => ({ ...line, observed: true })) })).toContain(
      'class="arrow c0 observed"',
    )
  })

  test("too many arrows become arrows between namespaces; the picture says so", () => {
    const picture = stillPicture(drawnMap(web(200, 4), null).graph)
    expect(picture.caption).toMatch(/^398 arrows between workloads: drawn between namespaces/)
    expect(picture.cards).toHaveLength(4)
    expect(picture.arrows.length).toBeGreaterThan(0)
    expect(picture.arrows.length).toBeLessThanOrEqual(12)
  })

  test("where those between namespaces are too many as well, none are drawn, and the picture says so", () => {
    const picture = stillPicture(drawnMap(web(300, 300), null).graph)
    expect(picture.arrows).toEqual([])
    expect(picture.cards).toHaveLength(300)
    expect(picture.caption).toMatch(/^598 arrows, too many to draw/)
  })

  test("with a focus only those are drawn who have to do with it", () => {
    const all = town(4, 5)
    const isFocus = (end: AnalysisEnd) =>
      end.kind === "workload" && end.name === "api-2" && end.namespace === "tiers-1"
    const lines = all.lines.filter((line) => isFocus(line.source) || isFocus(line.destination))
    const { graph } = drawnMap({ ...all, lines }, new Set(["tiers-1/api-2[Deployment]"]))
    const names = graph.nodes.flatMap((node) =>
      node.kind === "workloads" ? node.members.map(({ name }) => name) : [],
    )
    expect(names.toSorted()).toEqual(["api-2", "coredns", "prometheus", "web-1", "worker-3"])
    expect(graph.namespaces.map(({ name }) => name)).toEqual(["kube-system", "monitoring", "tiers-1"])
  })
})
