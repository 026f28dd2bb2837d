// postern explain: may this connect to that, and which rule says so?

import { Command, InvalidArgumentError, Option } from "commander"
import type { Diagnostic } from "../api/diagnostic.ts"
import type { AllowanceJson, ExplanationJson } from "../api/explanation.ts"
import { diagnostic } from "../api/report.ts"
import { bad, type Checked, good, mistakesOf } from "../explain/checked.ts"
import {
  type Locate,
  wholeAllowanceJson,
  wholeExplanationJson,
  withoutLikeAllowances,
  withoutLikeCases,
} from "../explain/explain-json.ts"
import { inquire, inquireAllowed } from "../explain/inquiry.ts"
import { parsePortRequest, portRequestText } from "../explain/port-request.ts"
import { resolveReference } from "../explain/reference.ts"
import { createWorld } from "../explain/world.ts"
import { judgeOf } from "../kinds/registry.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import { allowanceJsonText } from "./allowance-text.ts"
import { type ClusterOptions, withClusterOptions } from "./cluster-options.ts"
import { explanationJsonText } from "./explain-text.ts"
import { type Input, readInput, readInputOrCluster, tellOfFiles } from "./input.ts"
import { type Outcome, refused } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"
import { readWorldSettings, type WorldOptions, withWorldOptions } from "./world-options.ts"

export interface ExplainOptions extends WorldOptions, ClusterOptions {
  readonly file?: readonly string[]
  readonly from: string
  readonly to: string
  readonly port?: string
  readonly namespace?: string
  readonly output: "text" | "json"
  readonly expect?: "allow" | "deny"
}

export function explainCommand(terminal: Terminal): Command {
  const command = new Command("explain")
    .description(
      "Says whether a connection is allowed, and which rule of which policy decides, in both directions.",
    )
    .option(
      "-f, --file <path...>",
      "file, directory (recursive) or - for standard input (default: the cluster)",
    )
    .requiredOption("--from <ref>", "source")
    .requiredOption("--to <ref>", "destination")
    .option(
      "--port <port>",
      "80 or 80/TCP, 5000-5010/UDP, http (a port's name) or ICMP; without it everything that may flow is printed",
    )
    .option(
      "-n, --namespace <name>",
      'namespace of bare names and of manifests without one (default: the kubeconfig\'s; of files "default")',
    )
  return withClusterOptions(withWorldOptions(command))
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--expect <verdict>", "allow or deny: exit with 1 unless this is the verdict").argParser(
        readVerdict,
      ),
    )
    .addHelpText("after", HELP)
    .action(async (options: ExplainOptions, command: Command) => {
      if (options.expect !== undefined && options.port === undefined) {
        command.error("error: --expect needs --port", { exitCode: 2 })
      }
      terminal.finish(await explain(options, terminal))
    })
}

const HELP = `
REF names an end of the connection:
  shop/web            a pod by namespace and name; web alone is looked up in -n
  shop/deploy/web     the pods of a workload: Deployment, StatefulSet (sts), DaemonSet (ds), ReplicaSet (rs),
                      Job, CronJob (cj), ReplicationController (rc); Pod (po) and Service (svc) too
  10.0.0.7            an address; it is the pod, node or Service that has it
  node/worker-1       a node

Without -f the cluster's explain API is asked; where there is none, or with --enforcement or --pod-cidr, the
cluster is read with your own rights and judged here.

Examples:
  postern explain --from shop/deploy/web --to shop/svc/db --port postgres
  postern explain --from 203.0.113.9 --to 10.96.0.10 --port 53/UDP
  postern explain -f deploy/ --from shop/deploy/web --to shop/sts/db --port 5432
  postern explain -f deploy/ --from 203.0.113.9 --to shop/deploy/web --port 443 --expect deny
  kubectl get ns,po,no,svc,netpol -A -o json | postern explain -f - --from a/b --to c/d --port 53/UDP -o json`

async function explain(options: ExplainOptions, terminal: Pick<Terminal, "palette">): Promise<Outcome> {
  if (options.file !== undefined) {
    const input = readInput(options.file, options.namespace ?? "default")
    return input.ok ? print(judge(options, input.value), options, terminal) : input.outcome
  }
  // Loaded here: who judges files does not wait for a Kubernetes client.
  const { explainLive } = await import("./explain-live.ts")
  const live = await explainLive(options).catch(tellOfFiles)
  if (live.kind === "told") return print(live.told, options, terminal)
  try {
    const input = await readInputOrCluster({ ...options, namespace: live.namespace })
    if (!input.ok) return input.outcome
    const { warnings } = input.value
    const note = diagnostic("apiNotUsed", { why: live.why })
    const noted = live.why === "" ? warnings : [note, ...warnings]
    const judged = judge({ ...options, namespace: live.namespace }, { ...input.value, warnings: noted })
    return print(judged, options, terminal)
  } catch (error) {
    if (!isStatus(error, 403) || !(error instanceof Error) || live.why === "") throw error
    const why = `${live.why}, nor read the cluster: ${error.message}`
    return { status: 3, output: "", diagnostics: [diagnostic("noExplainApi", { why })] }
  }
}

/** An answer as JSON, wherever it was found. */
export type Told = Checked<ToldAnswer>

export interface ToldAnswer {
  readonly answer:
    | { readonly kind: "Explanation"; readonly value: ExplanationJson }
    | { readonly kind: "Allowance"; readonly value: AllowanceJson }
  readonly locate: Locate
  readonly notes: readonly Diagnostic[]
  readonly sourceLine?: Input["sourceLine"]
}

function judge(options: ExplainOptions, input: Input): Told {
  const settings = readWorldSettings(options, input)
  const port = options.port === undefined ? good(null) : parsePortRequest(options.port)
  const snapshotWorld = settings.ok ? createWorld(input.snapshot, judgeOf, settings.value) : null
  const world = snapshotWorld ?? createWorld(input.snapshot, judgeOf)
  const scope = { world, namespace: options.namespace ?? "default" }
  const from = resolveReference(options.from, scope)
  const to = resolveReference(options.to, scope)
  if (!from.ok || !to.ok || !port.ok || !settings.ok) return bad(...mistakesOf([from, to, port, settings]))
  const { locate, warnings: notes, sourceLine } = input
  const found = { locate, notes, sourceLine }
  const ends = { from: from.value, to: to.value }
  const asked = { from: options.from, to: options.to }
  if (port.value === null) {
    const cases = inquireAllowed(ends, world)
    if (!cases.ok) return cases
    return good({
      ...found,
      answer: { kind: "Allowance", value: wholeAllowanceJson({ ...asked, port: "" }, cases.value) },
    })
  }
  const answer = inquire({ ...ends, port: port.value }, world)
  if (!answer.ok) return answer
  const question = { ...asked, port: portRequestText(port.value) }
  return good({
    ...found,
    answer: { kind: "Explanation", value: wholeExplanationJson(question, answer.value, locate) },
  })
}

function print(told: Told, options: ExplainOptions, { palette }: Pick<Terminal, "palette">): Outcome {
  if (!told.ok) return refused(told.diagnostics)
  const { answer, locate, notes: diagnostics, sourceLine } = told.value
  const more = sourceLine === undefined ? {} : { sourceLine }
  const isJson = options.output === "json"
  if (answer.kind === "Allowance") {
    const output = isJson
      ? jsonText(withoutLikeAllowances(answer.value))
      : allowanceJsonText(answer.value, palette)
    return { status: 0, output, isProse: !isJson, diagnostics, ...more }
  }
  const isMet = options.expect === undefined || answer.value.verdict.toLowerCase() === options.expect
  const surprise = isMet ? "" : `\n${palette.bad("✗ not as expected:")} --expect ${options.expect}\n`
  const output = isJson
    ? jsonText(withoutLikeCases(answer.value))
    : `${explanationJsonText(answer.value, { palette, locate, ...adviceOf(options) })}${surprise}`
  return { status: isMet ? 0 : 1, output, isProse: !isJson, diagnostics, ...more }
}

function adviceOf({ podCidr }: ExplainOptions) {
  return podCidr === undefined
    ? { advice: "--pod-cidr 10.244.0.0/16 says where the pods of this cluster are" }
    : {}
}

/** Allow and Deny are how assertions and JSON have it. */
function readVerdict(text: string): "allow" | "deny" {
  const verdict = text.toLowerCase()
  if (verdict === "allow" || verdict === "deny") return verdict
  throw new InvalidArgumentError("Allowed choices are allow, deny.")
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
