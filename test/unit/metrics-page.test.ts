// docs/metrics.md and the code name the same metrics.

import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { createAgentMetrics } from "../../src/agent/process/agent-metrics.ts"
import { createEngine } from "../../src/compile/engine/engine.ts"
import { createControllerMetrics } from "../../src/controller/metrics.ts"
import { lower } from "../../src/kinds/registry.ts"
import type { Definition, Metrics } from "../../src/telemetry/metrics.ts"
import { createWebhookMetrics } from "../../webhook/metrics.ts"

interface Described {
  readonly type: string
  readonly labels: string
}

/** What a program registers; nothing is counted. */
function described(register: (metrics: Metrics) => unknown): ReadonlyMap<string, Described> {
  const found = new Map<string, Described>()
  const nothing = (): undefined => undefined
  const note = (type: string, { name, labels = [] }: Definition<string>): void => {
    if (found.has(name)) throw new Error(`${name} is registered twice`)
    found.set(name, { type, labels: labels.join(", ") })
  }
  register({
    counter: (definition) => (
      note("counter", definition), { add: nothing, reached: nothing, remove: nothing }
    ),
    gauge: (definition) => (note("gauge", definition), { set: nothing, add: nothing, replace: nothing }),
    histogram: (definition) => (note("histogram", definition), { observe: nothing }),
    onRead: nothing,
    text: async () => "",
    contentType: "",
  })
  return found
}

const engine = createEngine({ lower })
const programs: Readonly<Record<string, ReadonlyMap<string, Described>>> = {
  Controller: described((metrics) =>
    createControllerMetrics(metrics, {
      nodes: () => new Map(),
      program: engine.program,
      phases: () => new Map(),
      statusesWaiting: () => 0,
      isLeader: () => false,
      watches: () => [],
      waitingPods: () => 0,
      perNode: true,
    }),
  ),
  Agent: described((metrics) =>
    createAgentMetrics(metrics, () => {
      throw new Error("nobody reads")
    }),
  ),
  Webhook: described(createWebhookMetrics),
}

const page = readFileSync(fileURLToPath(new URL("../../docs/metrics.md", import.meta.url)), "utf8")

/** Rows of a part of the page: name -> cells. */
function rowsOf(title: string): ReadonlyMap<string, readonly string[]> {
  const [, part = ""] = page.split(`## ${title}\n`)
  const [own = ""] = part.split("\n## ")
  const rows = own.split("\n").filter((line) => line.startsWith("| `"))
  return new Map(
    rows.map((row) => {
      const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim())
      return [cells[1]?.replaceAll("`", "") ?? "", cells.slice(2, -1)] as const
    }),
  )
}

test.for(Object.entries(programs))(
  "the page has every metric of the %s, and no other",
  ([title, metrics]) => {
    const rows = rowsOf(title)
    expect([...rows.keys()].toSorted()).toEqual([...metrics.keys()].toSorted())
    for (const [name, { type, labels }] of metrics) {
      const [saidType, unit, saidLabels, what] = rows.get(name) ?? []
      expect([name, saidType, saidLabels]).toEqual([name, type, labels])
      expect([name, what === ""]).toEqual([name, false])
      expect(unit === "" || unit === undefined ? name : "").toMatch(
        /^$|_leader$|_connected$|_observing$|_revision$/,
      )
    }
  },
)

test.for(Object.entries(programs))("names follow Prometheus' conventions: %s", ([, metrics]) => {
  for (const [name, { type }] of metrics) {
    expect(name).toMatch(/^postern_[a-z0-9_]+$/)
    expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"])
    expect([name, type !== "histogram" || name.endsWith("_seconds")]).toEqual([name, true])
  }
})
