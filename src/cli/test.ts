// postern test: do the policies do what the ConnectivityAssertions say?

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { Command, Option } from "commander"
import { diagnostic, shown } from "../api/report.ts"
import type { Locate } from "../explain/explain-json.ts"
import { createWorld } from "../explain/world.ts"
import { judgeOf } from "../kinds/registry.ts"
import { withClusterOptions } from "./cluster-options.ts"
import type { Style } from "./explain-text.ts"
import { type InputOptions, type ReadInput, readInput, readInputOrCluster } from "./input.ts"
import { junitText } from "./junit.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import { palette as paletteOf } from "./palette.ts"
import type { Screen } from "./screen.ts"
import type { Terminal } from "./terminal.ts"
import { caseCount, runTests, type TestedCheck, testReport } from "./test-run.ts"
import { detailText, testText } from "./test-text.ts"
import { count } from "./text-layout.ts"
import { readWorldSettings, type WorldOptions, withWorldOptions } from "./world-options.ts"

export interface TestOptions extends WorldOptions, InputOptions {
  readonly assertions?: readonly string[]
  readonly filter?: string
  readonly output: "text" | "json" | "junit"
  readonly junit?: string
}

export function testCommand(terminal: Terminal): Command {
  const command = new Command("test")
    .description("Tests policies against ConnectivityAssertions: who must reach whom, and who must not.")
    .option(
      "-f, --file <path...>",
      "file, directory (recursive) or - for standard input (default: the cluster)",
    )
    .option(
      "--assertions <path...>",
      "files with ConnectivityAssertions: beside those of -f, or instead of the cluster's",
    )
    .option("--filter <text>", "only cases with this text in their name, ends, ports or verdict")
    .option("-n, --namespace <name>", "namespace of bare names and of manifests without one", "default")
  return withClusterOptions(withWorldOptions(command))
    .addOption(
      new Option("-o, --output <format>", "output format").choices(["text", "json", "junit"]).default("text"),
    )
    .option("--junit <path>", "write JUnit XML there too")
    .addHelpText("after", HELP)
    .action(async (options: TestOptions) => terminal.finish(await test(options, terminal)))
}

const HELP = `
Exits with 1 where a case does not have its verdict, or names what there is not; the other cases are tested.
docs/assertions.md says how assertions are written.

Examples:
  postern test
  postern test -f deploy/
  postern test -f deploy/ --assertions test/connectivity.yaml --junit postern.xml
  postern test -f policies-examples/online-shop --filter database
  helm template shop ./chart | postern test -f - --assertions test/connectivity.yaml -o json`

async function test(options: TestOptions, screen: Screen): Promise<Outcome> {
  const input = await readTested(options)
  if (!input.ok) return input.outcome
  const settings = readWorldSettings(options, input.value)
  if (!settings.ok) return refused(settings.diagnostics)
  const { snapshot, assertions, positions, locate, warnings, sourceLine } = input.value
  const { filter = "", file, output } = options
  if (assertions.length === 0) {
    const where = file === undefined && options.assertions === undefined ? "this cluster" : "these files"
    return refused([diagnostic("noAssertion", { where })])
  }
  const world = createWorld(snapshot, judgeOf, settings.value)
  const checks = runTests({ assertions, positions, filter }, world)
  if (checks.length === 0) {
    const cases = count(caseCount(assertions), "case")
    return refused([diagnostic("nothingMatchesFilter", { count: cases, value: shown(filter) })])
  }
  const report = testReport(checks)
  const junit = () => junitOf(checks, locate)
  if (options.junit !== undefined) writeReport(options.junit, junit())
  const print = {
    text: () => testText(checks, { ...screen, locate, subject: file?.join(", ") ?? "the cluster" }),
    json: () => `${JSON.stringify(report, null, 2)}\n`,
    junit,
  }
  return {
    ...answered(print[output](), warnings),
    status: report.ok ? 0 : 1,
    isProse: output === "text",
    sourceLine,
  }
}

/** Manifests and assertions are read as one, so that what is given twice is found; or the cluster, and assertions for it. */
async function readTested({ assertions, ...options }: TestOptions): Promise<ReadInput> {
  if (options.file !== undefined) {
    return readInput([...options.file, ...(assertions ?? [])], options.namespace)
  }
  if (assertions === undefined) return readInputOrCluster(options)
  const written = readInput(assertions, options.namespace)
  const cluster = written.ok ? await readInputOrCluster(options) : written
  if (!written.ok || !cluster.ok) return cluster
  const { snapshot, warnings, ...files } = written.value
  const { policies, pods, services, nodes } = snapshot
  const others = policies.length + pods.length + services.length + nodes.length
  const notes = others === 0 ? [] : [diagnostic("notTested", { count: count(others, "object") })]
  const { enforcement } = cluster.value
  return {
    ok: true,
    value: {
      ...files,
      snapshot: cluster.value.snapshot,
      enforcement,
      warnings: [...warnings, ...notes, ...cluster.value.warnings],
      // A policy of the files may have the name of one of the cluster.
      locate: () => null,
    },
  }
}

function junitOf(checks: readonly TestedCheck[], locate: Locate): string {
  const style = { palette: paletteOf(false), locate }
  return junitText(testReport(checks), { detailOf: (index) => detailOf(checks[index], style) })
}

function detailOf(check: TestedCheck | undefined, style: Style): string {
  return check === undefined ? "" : detailText(check, style)
}

function writeReport(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
