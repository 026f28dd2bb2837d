// postern lint: what is legal in policies and useless or dangerous.

import { Command, InvalidArgumentError, Option } from "commander"
import { lint } from "../analysis/lint/lint.ts"
import { withoutIgnored } from "../analysis/lint/silence.ts"
import { createModel } from "../analysis/model.ts"
import { type Diagnostic, type ObjectReference, objectText } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { changesTo } from "../compile/compile.ts"
import type { PolicyObject, Snapshot } from "../compile/snapshot.ts"
import { lower, policyKindOf } from "../kinds/registry.ts"
import type { SourceLine } from "../manifests/read-manifests.ts"
import { withClusterOptions } from "./cluster-options.ts"
import { githubText } from "./github-annotations.ts"
import { gitlabText } from "./gitlab-report.ts"
import { type Input, type InputOptions, readInputOrCluster } from "./input.ts"
import { lintReport } from "./lint-json.ts"
import { type LintSettings, readLintSettings, type SettingsOptions } from "./lint-settings.ts"
import { countOf, type Findings, hasTooMany, lintText } from "./lint-text.ts"
import { type Outcome, refused } from "./outcome.ts"
import { sarifText } from "./sarif.ts"
import type { Screen } from "./screen.ts"
import type { Terminal } from "./terminal.ts"

export interface LintOptions extends Omit<InputOptions, "namespace">, SettingsOptions {
  readonly namespace?: string
  readonly output: "text" | "json" | "sarif" | "github" | "gitlab"
  readonly maxWarnings?: number
}

export function lintCommand(terminal: Terminal): Command {
  const command = new Command("lint")
    .description("Says what is legal in policies and useless or dangerous in the cluster that they are for.")
    .option(
      "-f, --file <path...>",
      "file, directory (recursive) or - for standard input (default: the cluster)",
    )
    .option(
      "-n, --namespace <name>",
      "of a cluster only policies of this one; for files, of manifests without one",
    )
    .option("--ignore <codes...>", "codes not to tell: PNP0421,PNP0433; errors are told always")
    .option("--config <file>", "settings (default: .postern.yaml of this directory, if there is one)")
    .addOption(new Option("--max-warnings <number>", "exit with 1 where there are more").argParser(readCount))
  return withClusterOptions(command)
    .addOption(
      new Option("-o, --output <format>", "output format")
        .choices(["text", "json", "sarif", "github", "gitlab"])
        .default("text"),
    )
    .addHelpText("after", HELP)
    .action(async (options: LintOptions) => terminal.finish(await lintAll(options, terminal)))
}

const HELP = `
Files may be a part of what a cluster holds: what is not among them is a note, no warning. docs/lint.md says how
findings are silenced; docs/diagnostics.md lists all codes.

Exit status: 0 no error and no more warnings than --max-warnings (any number without it), 1 more warnings, or what
.postern.yaml makes an error, 2 files or settings with errors, 3 no cluster.

Examples:
  postern lint
  postern lint -n shop
  postern lint -f deploy/ --max-warnings 0
  postern lint -f deploy/ --ignore PNP0433,PNP0453
  helm template shop ./chart | postern lint -f - -o github
  postern lint -f deploy/ -o gitlab > gl-code-quality-report.json
  postern lint -f deploy/ -o sarif > postern.sarif`

async function lintAll(options: LintOptions, screen: Screen): Promise<Outcome> {
  const settings = readLintSettings(options)
  if (!settings.ok) return { ...refused(settings.diagnostics), sourceLine: settings.sourceLine }
  const { namespace, file, maxWarnings } = options
  const input = await readInputOrCluster({ ...options, namespace: namespace ?? "default" })
  if (!input.ok) {
    const { diagnostics: findings, sourceLine = () => undefined } = input.outcome
    if (options.output === "text") return input.outcome
    return {
      status: 2,
      output: printed({ findings, policies: 0 }, options, { screen, sourceLine }),
      diagnostics: [],
    }
  }
  const looked =
    file === undefined ? inNamespace(input.value.snapshot, namespace) : input.value.snapshot.policies
  if (looked === undefined)
    return refused([diagnostic("unknownReference", { what: `namespace ${shown(namespace)}`, near: "" })])
  const findings = applied(findingsOf(input.value, looked, file !== undefined), settings.value)
  const found: Findings = { findings, policies: looked.length, maxWarnings }
  const output = printed(found, options, { screen, sourceLine: input.value.sourceLine })
  return {
    status: hasError(findings) || hasTooMany(found) ? 1 : 0,
    output,
    isProse: options.output === "text",
    diagnostics: [],
  }
}

/** Every policy without a namespace; undefined where there is no such namespace. */
function inNamespace(
  { namespaces, policies }: Snapshot,
  namespace: string | undefined,
): readonly PolicyObject[] | undefined {
  if (namespace === undefined) return policies
  if (!namespaces.some(({ name }) => name === namespace)) return undefined
  return policies.filter(({ metadata }) => metadata.namespace === namespace)
}

/** In the order of the text: what reading told, and what lint finds. */
function findingsOf(
  input: Input,
  looked: readonly PolicyObject[],
  isFromFiles: boolean,
): readonly Diagnostic[] {
  const { snapshot, positions, warnings } = input
  const model = createModel({ lower })
  model.apply(changesTo(snapshot))
  const found = lint({ view: model, policies: looked.map(referenceTo), complete: !isFromFiles })
  const read = isFromFiles ? silenced(warnings, snapshot) : [...warnings, ...looked.flatMap(checked)]
  const placed = found.map((each) => {
    const position = each.object && positions(each.object, each.path ?? [])
    return position === undefined ? each : { ...each, position }
  })
  return inPlaceOrder([...read, ...placed])
}

/** What reading told of policies, without what their annotations name. */
function silenced(warnings: readonly Diagnostic[], { policies }: Snapshot): readonly Diagnostic[] {
  const byName = new Map(policies.map((policy) => [objectText(referenceTo(policy)), policy]))
  return warnings.flatMap((warning) => {
    const policy = warning.object && byName.get(objectText(warning.object))
    return policy === undefined ? [warning] : withoutIgnored(policy, [warning])
  })
}

/** A cluster's policies have been read without a word. */
function checked(policy: PolicyObject): readonly Diagnostic[] {
  const told = policyKindOf(policy)?.check(policy, "api") ?? []
  const object = referenceTo(policy)
  return withoutIgnored(policy, told).map((each) => ({ ...each, object }))
}

function referenceTo({ kind, metadata }: PolicyObject): ObjectReference {
  return { kind, namespace: metadata.namespace, name: metadata.name }
}

/** By file and line, or by object where there is no file. */
function inPlaceOrder(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const names = ({ position, object }: Diagnostic) => position?.file ?? (object && objectText(object)) ?? ""
  return [...findings].sort((a, b) => {
    const [left, right] = [names(a), names(b)]
    if (left !== right) return left < right ? -1 : 1
    return (
      (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
      (a.position?.column ?? 0) - (b.position?.column ?? 0)
    )
  })
}

function applied(findings: readonly Diagnostic[], settings: LintSettings): readonly Diagnostic[] {
  return findings.flatMap((finding) => settings.apply(finding) ?? [])
}

interface Look {
  readonly screen: Screen
  readonly sourceLine: SourceLine
}

function printed(found: Findings, { output }: LintOptions, { screen, sourceLine }: Look): string {
  switch (output) {
    case "text":
      return lintText(found, screen, sourceLine)
    case "json":
      return `${JSON.stringify(lintReport(found), null, 2)}\n`
    case "sarif":
      return sarifText(found.findings)
    case "github":
      return githubText(found.findings)
    case "gitlab":
      return gitlabText(found.findings)
  }
}

/** Of a cluster's object it is what the cluster has, and bad news; a file with one has been refused before. */
function hasError(findings: readonly Diagnostic[]): boolean {
  return countOf(findings, "error") > 0
}

function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError("It is a number, 0 or more.")
}
