// What the demo found in one scenario, as people read it: the matrix, what was not as expected, one denial explained.

import type { Connection } from "../../explain/evaluate.ts"
import { inquire } from "../../explain/inquiry.ts"
import type { Endpoint } from "../../explain/judge.ts"
import { parsePortRequest } from "../../explain/port-request.ts"
import { resolveReference } from "../../explain/reference.ts"
import { explainConnection } from "../../explain/verdict.ts"
import { portText } from "../../explain/words.ts"
import { isIPv6 } from "../../lab/spec.ts"
import { explanationText } from "../explain-text.ts"
import { drawLegend, drawMatrix } from "../matrix.ts"
import type { Palette } from "../palette.ts"
import type { Screen } from "../screen.ts"
import { count, duration, wrapped } from "../text-layout.ts"
import { mismatchesOf } from "./mismatches.ts"
import type { ScenarioResult } from "./run-scenario.ts"
import type { Scenario } from "./scenario.ts"
import { matrixOf } from "./scenario-matrix.ts"
import { addressOf, type Try } from "./tries.ts"

/** More than these say nothing new. */
const mostMismatches = 8
const mostExplanationLines = 15

export function reportText(result: ScenarioResult, screen: Screen): string {
  const { scenario, tried } = result
  const { palette, columns } = screen
  const matrix = matrixOf(scenario.columns, tried)
  return [
    "",
    ...drawMatrix(matrix, screen),
    ...wrapped(`  ${drawLegend(matrix, palette)}   ${palette.dim(waysText(tried))}`, columns),
    "",
    ...mismatchLines(result, palette),
    ...explanationLines(result, screen),
    ...wrapped(summaryLine(result, palette), columns),
    "",
  ].join("\n")
}

/** What a cell stands for: "each by IPv4, IPv6 and Service", as far as there were any. */
export function waysText(tried: readonly Pick<Try, "request" | "service">[]): string {
  const families = new Set(tried.map(({ request }) => (isIPv6(request.to) ? "IPv6" : "IPv4")))
  const ways = [
    ...[...families].toSorted(),
    ...(tried.some(({ service }) => service !== null) ? ["Service"] : []),
  ]
  return ways.length < 2
    ? `by ${ways.join("")}`
    : `each by ${ways.slice(0, -1).join(", ")} and ${ways.at(-1)}`
}

function mismatchLines(result: ScenarioResult, palette: Palette): readonly string[] {
  const mismatches = mismatchesOf(result)
  if (mismatches.length === 0) return []
  const shown = mismatches.slice(0, mostMismatches).map((each) => `  ${palette.bad(`✗ ${each.text}`)}`)
  const hidden = mismatches.length - shown.length
  return [
    ...shown,
    ...(hidden > 0
      ? [palette.bad(`  … and ${hidden.toLocaleString("en-US")} more: --json has all of them`)]
      : []),
    "",
  ]
}

function explanationLines(result: ScenarioResult, { palette, columns }: Screen): readonly string[] {
  const connection = mostTelling(result)
  const text = connection === undefined ? undefined : explained(connection, result.scenario, palette)
  if (text === undefined) return []
  const lines = text
    .trimEnd()
    .split("\n")
    .flatMap((line) => (line === "" ? "" : wrapped(`  ${line}`, columns)))
  const cut = lines.length > mostExplanationLines ? [palette.dim("          …")] : []
  return [...lines.slice(0, mostExplanationLines), ...cut, ""]
}

/** What went wrong first; else, of the denials between two pods, one that the author thought of and that is soon told. */
function mostTelling({ tried, asserted, scenario }: ScenarioResult): Connection | undefined {
  const wrong = tried.find((each) => !each.isExpected)
  if (wrong !== undefined) return wrong.connection
  const denials = tried.filter(
    ({ expected, column, service }) => expected === "denied" && column !== null && service === null,
  )
  const between = denials.filter(({ connection: { from, to } }) => from.kind === "pod" && to.kind === "pod")
  const assertedKeys = new Set(asserted.map(({ request }) => requestKey(request)))
  const authored = between.filter(({ request }) => assertedKeys.has(requestKey(request)))
  const candidates = [authored, between, denials].find((some) => some.length > 0) ?? []
  return candidates
    .map(({ connection }) => ({ connection, length: lengthOfReason(connection, scenario) }))
    .toSorted((a, b) => a.length - b.length)[0]?.connection
}

/** Steps that a reader would have to follow; both directions denied is two stories. */
function lengthOfReason(connection: Connection, { world }: Scenario): number {
  const { egress, ingress } = explainConnection(connection, world)
  return [egress, ingress].reduce(
    (length, each) => length + (each?.verdict === "Deny" ? 10 + each.trace.length : 0),
    0,
  )
}

function requestKey({ from, to, protocol, port }: ScenarioResult["tried"][number]["request"]): string {
  return `${from} ${to} ${protocol} ${port}`
}

function explained(
  connection: Connection,
  { world, locate }: Scenario,
  palette: Palette,
): string | undefined {
  const scope = { world, namespace: "default" }
  const asked = { from: nameOf(connection.from), to: nameOf(connection.to), port: portText(connection.port) }
  const from = resolveReference(asked.from, scope)
  const to = resolveReference(asked.to, scope)
  const port = parsePortRequest(asked.port)
  if (!from.ok || !to.ok || !port.ok) return undefined
  const answer = inquire({ from: from.value, to: to.value, port: port.value }, world)
  return answer.ok ? explanationText(asked, answer.value, { palette, locate }) : undefined
}

function nameOf(endpoint: Endpoint): string {
  if (endpoint.kind === "pod") return `${endpoint.pod.namespace}/${endpoint.pod.name}`
  return endpoint.kind === "node" ? `node/${endpoint.node}` : addressOf(endpoint)
}

function summaryLine(result: ScenarioResult, palette: Palette): string {
  const { enforced, milliseconds, scenario } = result
  const { chains, sets, elements } = enforced.sizes
  const sizes = `${count(chains, "chain")}, ${count(sets, "set")}, ${count(elements, "element")} on ${count(scenario.snapshot.nodes.length, "node")}`
  const time = `YAML to enforced in ${duration(milliseconds.yamlToEnforced)}`
  return `  ${palette.bold(time)}${palette.dim("  ·  ")}${sizes}${palette.dim("  ·  ")}${count(result.droppedPackets, "packet")} dropped`
}
