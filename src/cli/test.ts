// postern test: do the policies do what the ConnectivityAssertions say?

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { Command, Option } from "commander"
import { diagnostic, shown } from "../api/report.ts"
import { createWorld } from "../explain/world.ts"
import { judgeOf } from "../kinds/registry.ts"
import type { Locate } from "./explain-json.ts"
import type { Style } from "./explain-text.ts"
import { readInput } from "./input.ts"
import { junitText } from "./junit.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import { palette as paletteOf } from "./palette.ts"
import type { Terminal } from "./terminal.ts"
import { caseCount, runTests, type TestedCheck, testReport } from "./test-run.ts"
import { detailText, testText } from "./test-text.ts"
import { count } from "./text-layout.ts"
import { readWorldSettings, type WorldOptions, withWorldOptions } from "./world-options.ts"

export interface TestOptions extends WorldOptions {
  readonly file: readonly string[]
  readonly assertions?: readonly string[]
  readonly filter?: string
  readonly namespace: string
  readonly output: "text" | "json" | "junit"
  readonly junit?: string
}

export function testCommand(terminal: Terminal): Command {
  return withWorldOptions(
    new Command("test")
      .description("Tests policies against ConnectivityAssertions: who must reach whom, and who must not.")
      .requiredOption("-f, --file <path...>", "file, directory (recursive) or - for standard input")
      .option("--assertions <path...>", "more files with ConnectivityAssertions")
      .option("--filter <text>", "only cases with this text in their name, ends, ports or verdict")
      .option("-n, --namespace <name>", "namespace of bare names and of manifests without one", "default"),
  )
    .addOption(
      new Option("-o, --output <format>", "output format").choices(["text", "json", "junit"]).default("text"),
    )
    .option("--junit <path>", "write JUnit XML there too")
    .addHelpText("after", HELP)
    .action((options: TestOptions) => terminal.finish(test(options, terminal)))
}

const HELP = `
Exits with 1 where a case does not have its verdict, or names what there is not; the other cases are tested.
docs/assertions.md says how assertions are written.

Examples:
  postern test -f deploy/
  postern test -f deploy/ --assertions test/connectivity.yaml --junit postern.xml
  postern test -f policies-examples/online-shop --filter database
  helm template shop ./chart | postern test -f - --assertions test/connectivity.yaml -o json`

export function test(options: TestOptions, { palette }: Pick<Terminal, "palette">): Outcome {
  const input = readInput([...options.file, ...(options.assertions ?? [])], options.namespace)
  if (!input.ok) return input.outcome
  const settings = readWorldSettings(options)
  if (!settings.ok) return refused(settings.diagnostics)
  const { snapshot, assertions, positions, locate, warnings, sourceLine } = input.value
  if (assertions.length === 0) return refused([diagnostic("noAssertion", { where: "these files" })])
  const { filter = "" } = options
  const world = createWorld(snapshot, judgeOf, settings.value)
  const checks = runTests({ assertions, positions, filter }, world)
  if (checks.length === 0) {
    const cases = count(caseCount(assertions), "case")
    return refused([diagnostic("nothingMatchesFilter", { count: cases, value: shown(filter) })])
  }
  const report = testReport(checks)
  const junit = () => junitOf(checks, locate)
  if (options.junit !== undefined) writeReport(options.junit, junit())
  const subject = [...options.file].join(", ")
  const print = {
    text: () => testText(checks, { palette, locate, subject }),
    json: () => `${JSON.stringify(report, null, 2)}\n`,
    junit,
  }
  const outcome = answered(print[options.output](), warnings)
  return { ...outcome, status: report.ok ? 0 : 1, sourceLine }
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
