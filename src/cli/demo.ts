// postern demo: the examples built as network namespaces, their policies enforced, real connections tried.

import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Command, Option } from "commander"
import { mistakesOf } from "../explain/checked.ts"
import { toolEnvironment } from "../lab/command.ts"
import type { Lab } from "../lab/lab.ts"
import { checkLabEnvironment } from "../lab/preflight.ts"
import { isInUserNamespace, needsUserNamespace, runAsNamespaceRoot } from "../lab/user-namespace.ts"
import { exampleLines } from "./demo/example-lines.ts"
import { mismatchesOf } from "./demo/mismatches.ts"
import { isDirectory, readScenario } from "./demo/read-scenario.ts"
import { reportJson } from "./demo/report-json.ts"
import { reportText } from "./demo/report-text.ts"
import { type Observer, runScenario, type ScenarioResult } from "./demo/run-scenario.ts"
import type { Scenario } from "./demo/scenario.ts"
import type { Outcome } from "./outcome.ts"
import { createProgress, type Progress } from "./progress.ts"
import { type Screen, screenOf } from "./screen.ts"
import type { Terminal } from "./terminal.ts"
import { count, duration } from "./text-layout.ts"

export interface DemoOptions {
  readonly policies: string
  readonly keep?: true
  readonly json?: true
}

const examples = fileURLToPath(new URL("../../policies-examples", import.meta.url))
/** Drawn in full; the others are a line each. */
const showpiece = "online-shop"
/** Probes wait for time-outs most of the time: several labs share two cores well. */
const labsAtOnce = 4

export function demoCommand(terminal: Terminal): Command {
  return new Command("demo")
    .summary("build clusters of network namespaces, enforce policies in them, try every connection")
    .description(
      "Builds each folder of manifests as a small cluster of network namespaces, enforces its policies with nftables, " +
        "tries real connections between all ends, and compares them with the reference evaluator and with the " +
        "ConnectivityAssertions of the folder. Needs no cluster, and no root where user namespaces are allowed.",
    )
    .addOption(
      new Option("--policies <dir>", "a folder of manifests, or of such folders, or a file").default(
        examples,
        "the examples of Postern",
      ),
    )
    .option("--keep", "leave the last lab up until Ctrl-C")
    .option("--json", "print what was found as JSON")
    .addHelpText("after", HELP)
    .action(async (options: DemoOptions) => {
      if (needsUserNamespace()) process.exitCode = await runAsNamespaceRoot()
      else await demo(options, terminal)
    })
}

const HELP = `
Examples:
  postern demo
  postern demo --policies deploy/manifests --keep`

export async function demo(options: DemoOptions, { finish, ...screen }: Terminal): Promise<void> {
  // An agent calls nft, ip and conntrack by name, which sudo and su may have left off the path.
  process.env["PATH"] = toolEnvironment().PATH
  const started = performance.now()
  const progress = createProgress(process.stderr, screenOf(process.stderr, process.env))
  const read = readScenarios(options.policies)
  if (read.diagnostics.length > 0) return finish({ status: 2, output: "", diagnostics: read.diagnostics })
  await checkLabEnvironment()
  const { last, others } = showpieceLast(read.scenarios)
  const results = [...(await runOthers(others, progress))]
  const tell = () => {
    const elapsed = performance.now() - started
    finish(options.json ? jsonOutcome(results) : textOutcome(results, { ...screen, elapsed }))
  }
  await runScenario(last, {
    ...quiet,
    step: progress.step,
    finished: async (lab, result) => {
      results.push(result)
      if (options.keep) await keep(lab, tell, progress)
    },
  })
  tell()
}

/** A folder whose folders have manifests of their own is a collection; any other is one scenario. */
function readScenarios(directory: string) {
  const folders = isDirectory(directory) ? readdirSync(directory, { withFileTypes: true }) : []
  const files = folders.filter((each) => each.isFile() && /\.(ya?ml|json)$/.test(each.name))
  const inner = folders
    .filter((each) => each.isDirectory() && !each.name.startsWith(".") && each.name !== "node_modules")
    .map((each) => join(directory, each.name))
  const read = (files.length === 0 && inner.length > 0 ? inner.toSorted() : [directory]).map(readScenario)
  return {
    scenarios: read.flatMap((each) => (each.ok ? [each.value] : [])),
    diagnostics: mistakesOf(read),
  }
}

function showpieceLast(scenarios: readonly Scenario[]) {
  const last = scenarios.find((each) => each.name === showpiece) ?? scenarios.at(-1)
  if (last === undefined) throw new Error("no scenario was read, and no mistake either")
  return { last, others: scenarios.filter((each) => each !== last) }
}

const quiet: Observer = {
  step: (_, work) => work(() => {}),
  enforced: async () => {},
  finished: async () => {},
}

/** Several at a time, in any order; told in theirs. */
async function runOthers(
  scenarios: readonly Scenario[],
  progress: Progress,
): Promise<readonly ScenarioResult[]> {
  if (scenarios.length === 0) return []
  const results = new Map<Scenario, ScenarioResult>()
  await progress.step("examples", async (say) => {
    const waiting = [...scenarios]
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        say(`${results.size} of ${scenarios.length}: ${next.name}`)
        results.set(next, await runScenario(next, quiet))
      }
    }
    await Promise.all(Array.from({ length: labsAtOnce }, work))
    const connections = [...results.values()].reduce(
      (total, { tried, asserted }) => total + tried.length + asserted.length,
      0,
    )
    say(`${count(results.size, "cluster")}, ${count(connections, "connection")}`)
  })
  const ordered = scenarios.flatMap((scenario) => results.get(scenario) ?? [])
  for (const line of exampleLines(ordered, progress.screen)) progress.line(line)
  return ordered
}

async function keep(lab: Lab, tell: () => void, progress: Progress): Promise<void> {
  tell()
  for (const line of keptLines(lab)) progress.line(line)
  // The lab's own handlers remove it and end the process.
  setInterval(() => {}, 60_000)
  await Promise.withResolvers<void>().promise
}

/** How to look around in it; a lab in a user namespace is entered through this process. */
function keptLines(lab: Lab): readonly string[] {
  const isNested = isInUserNamespace()
  const enter = isNested ? `nsenter --preserve-credentials -t ${process.pid} -U -n -m -- ` : ""
  const [node] = lab.nodes
  const [pod] = lab.pods
  return [
    "  The lab is up until Ctrl-C. Look around in it:",
    ...(node === undefined
      ? []
      : [`    ${enter}ip netns exec ${node.namespace} nft list table inet postern`]),
    ...(pod === undefined
      ? []
      : [`    ${enter}ip netns exec ${pod.namespace} ping -c 1 ${lab.outside.addresses[0] ?? ""}`]),
    `    ${enter}ip netns list`,
  ]
}

function jsonOutcome(results: readonly ScenarioResult[]): Outcome {
  const report = reportJson(results)
  return { status: report.ok ? 0 : 1, output: `${JSON.stringify(report, null, 2)}\n`, diagnostics: [] }
}

interface TextStyle extends Screen {
  readonly elapsed: number
}

/** The last one in full, and every other that went wrong. */
function textOutcome(results: readonly ScenarioResult[], { elapsed, ...screen }: TextStyle): Outcome {
  const { good, bad } = screen.palette
  const wrong = results.filter((each) => mismatchesOf(each).length > 0)
  const drawn = results.filter((each, index) => wrong.includes(each) || index === results.length - 1)
  const connections = results.reduce(
    (total, { tried, asserted }) => total + tried.length + asserted.length,
    0,
  )
  const all = `${count(connections, "connection")} in ${count(results.length, "cluster")}, ${duration(elapsed)}`
  const closing =
    wrong.length === 0
      ? `  ${good("✓ everything as expected")}: ${all}`
      : `  ${bad(`✗ not as expected in ${wrong.map((each) => each.scenario.name).join(", ")}`)}: ${all}`
  const output = [...drawn.map((each) => reportText(each, screen)), closing, ""].join("\n")
  return { status: wrong.length === 0 ? 0 : 1, output, diagnostics: [] }
}
