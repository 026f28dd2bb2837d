// postern diff: what appears and what disappears between two states of the policies.

import { Command, InvalidArgumentError, Option } from "commander"
import type { Diagnostic } from "../api/diagnostic.ts"
import type { DiffReport } from "../api/diff-report.ts"
import { diagnostic } from "../api/report.ts"
import { withClusterOptions } from "./cluster-options.ts"
import { type Asked, asked } from "./diff/asked.ts"
import { compare } from "./diff/compare.ts"
import { diffMarkdown } from "./diff/diff-markdown.ts"
import { diffText } from "./diff/diff-text.ts"
import {
  type ReadSides,
  readAgainstCluster,
  readDirectories,
  readRevisions,
  type Sides,
} from "./diff/sides.ts"
import type { ImpactStyle } from "./impact-sections.ts"
import type { InputOptions } from "./input.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import type { Screen } from "./screen.ts"
import type { Terminal } from "./terminal.ts"
import { createTransientLine } from "./transient-line.ts"
import { readWorldSettings, type WorldOptions, withWorldOptions } from "./world-options.ts"

export interface DiffOptions extends WorldOptions, InputOptions {
  readonly git?: string
  readonly prune?: true
  readonly limit: number
  readonly exitCode?: true
  readonly output: "text" | "json" | "md"
}

export function diffCommand(terminal: Terminal): Command {
  const command = new Command("diff")
    .description(
      "Says what appears and what disappears between two states of the policies: which connections between " +
        "workloads, and who is isolated.",
    )
    .argument("[old]", "directory or file")
    .argument("[new]", "directory or file")
    .option(
      "--git <revisions>",
      "REV with the working tree, REV..REV, or REV...REV for what the second changed",
    )
    .option(
      "-f, --file <path...>",
      "with --git these paths of the repository; alone: compared with the cluster",
    )
    .option(
      "--prune",
      "with -f alone: policies that the files lack go, in namespaces that the files' policies are in",
    )
    .option("-n, --namespace <name>", "namespace of manifests without one", "default")
  return withClusterOptions(withWorldOptions(command))
    .addOption(
      new Option("--limit <count>", "lines of each kind of connection; with -o json connections")
        .default(50)
        .argParser(readLimit),
    )
    .option("--exit-code", "exit with 1 where something else flows, or somebody else is isolated")
    .addOption(
      new Option("-o, --output <format>", "output format").choices(["text", "json", "md"]).default("text"),
    )
    .addHelpText("after", HELP)
    .action(async (old: string | undefined, is: string | undefined, options: DiffOptions) => {
      const question = asked({ old, new: is, ...options })
      if (question.ask === "nothing") return command.error(`error: ${question.why}`, { exitCode: 2 })
      terminal.finish(await diff(question, options, terminal))
    })
}

const HELP = `
Of a cluster it is policies and namespace labels that are compared: as if the files were applied, and without --prune
nothing deleted. Workloads that come or go are listed; connections are those of workloads on both sides.

Examples:
  postern diff deploy/staging deploy/production
  postern diff --git main
  postern diff --git origin/main...HEAD -f deploy/ -o md > comment.md
  postern diff -f deploy/ --exit-code
  postern diff -f deploy/ --prune -n shop`

const PAIRS_TO_GROUP = 2000

async function diff(
  question: Exclude<Asked, { ask: "nothing" }>,
  options: DiffOptions,
  screen: Screen,
): Promise<Outcome> {
  const settings = readWorldSettings(options, { enforcement: "enforce" })
  if (!settings.ok) return refused(settings.diagnostics)
  const line = createTransientLine()
  const read = await readSides(question, options)
  if (!read.ok) return read.outcome
  const { before, after, notes } = read.value
  const { enforcement, podCidr: podCIDRs = [], limit } = options
  const given = enforcement === undefined ? {} : { enforcement }
  // Groups are made of more pairs than are told one by one.
  const listed = options.output === "json" ? limit : Math.max(limit, PAIRS_TO_GROUP)
  line.show(`comparing ${before.label} and ${after.label}`)
  const report = compare(read.value, { podCIDRs, limit: listed, ...given })
  line.clear()
  const { warnings, sourceLine } = after.input
  return {
    ...answered(
      printed(report, { ...options, unit: question.ask === "cluster" ? "pod" : "workload" }, screen),
      [...warnings, ...notes, ...emptiness(read.value)],
    ),
    status: options.exitCode === true && report.different ? 1 : 0,
    isProse: options.output === "text",
    sourceLine,
  }
}

async function readSides(
  question: Exclude<Asked, { ask: "nothing" }>,
  options: DiffOptions,
): Promise<ReadSides> {
  const { namespace } = options
  switch (question.ask) {
    case "directories":
      return readDirectories(question.before, question.after, namespace)
    case "revisions":
      return readRevisions({ ...question, namespace })
    case "cluster":
      return readAgainstCluster({ ...options, file: question.file, prune: question.prune })
  }
}

/** Without anybody whom policies could stop, "nothing else flows" would say less than it seems to. */
function emptiness({ before, after }: Sides): readonly Diagnostic[] {
  if ([before, after].some(({ input }) => input.snapshot.pods.length > 0)) return []
  return [diagnostic("noWorkloads", { before: before.label, after: after.label })]
}

function printed(
  report: DiffReport,
  { output, limit, unit }: DiffOptions & Pick<ImpactStyle, "unit">,
  screen: Screen,
): string {
  switch (output) {
    case "text":
      return diffText(report, { ...screen, limit, unit })
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`
    case "md":
      return diffMarkdown(report, { limit, unit })
  }
}

function readLimit(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (limit < 1) throw new InvalidArgumentError("A number from 1 to 999999 is expected.")
  return limit
}
