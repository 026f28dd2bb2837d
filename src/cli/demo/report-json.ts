// What the demo found, in the form of src/api/demo-report.ts.

import type { DemoReport } from "../../api/demo-report.ts"
import { mismatchesOf } from "./mismatches.ts"
import type { ScenarioResult } from "./run-scenario.ts"
import { matrixOf } from "./scenario-matrix.ts"

export function reportJson(results: readonly ScenarioResult[]): DemoReport {
  const scenarios = results.map(scenarioJson)
  return { ok: scenarios.every((each) => each.mismatches.length === 0), scenarios }
}

function scenarioJson(result: ScenarioResult): DemoReport["scenarios"][number] {
  const { scenario, enforced, tried, asserted, milliseconds, droppedPackets } = result
  const { name, snapshot, columns } = scenario
  const { chains, sets, elements } = enforced.sizes
  return {
    name,
    pods: snapshot.pods.length,
    nodes: snapshot.nodes.length,
    policies: snapshot.policies.length,
    connections: tried.length + asserted.length,
    matrix: matrixOf(columns, tried).rows.flatMap(({ label, cells }) =>
      cells.flatMap((cell, index) => {
        const column = columns[index]
        return cell === null || column === undefined
          ? []
          : [{ from: label, to: column.site.label, port: column.portText, ...cell }]
      }),
    ),
    mismatches: [...mismatchesOf(result)],
    ruleset: { chains, sets, elements },
    milliseconds: { ...milliseconds },
    droppedPackets,
  }
}
