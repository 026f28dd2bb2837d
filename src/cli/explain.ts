// postern explain: may this connect to that, and which rule says so?

import { Command, InvalidArgumentError, Option } from "commander"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import type { Enforcement } from "../compile/snapshot.ts"
import { parseBlock } from "../explain/address.ts"
import { mistakesOf } from "../explain/checked.ts"
import {
  type Asked,
  wholeAllowanceJson,
  wholeExplanationJson,
  withoutLikeAllowances,
  withoutLikeCases,
} from "../explain/explain-json.ts"
import { type AllowedCase, type Answer, inquire, inquireAllowed } from "../explain/inquiry.ts"
import { type PortRequest, parsePortRequest, portRequestText } from "../explain/port-request.ts"
import { type Reference, resolveReference } from "../explain/reference.ts"
import { createWorld, DEFAULT_SETTINGS, type World } from "../explain/world.ts"
import { judgeOf } from "../kinds/registry.ts"
import { allowanceJsonText } from "./allowance-text.ts"
import { explanationText } from "./explain-text.ts"
import { type Input, readInput } from "./input.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"

export interface ExplainOptions {
  readonly file: readonly string[]
  readonly from: string
  readonly to: string
  readonly port?: string
  readonly namespace: string
  readonly enforcement: Enforcement
  readonly podCidr?: readonly string[]
  readonly output: "text" | "json"
  readonly expect?: "allow" | "deny"
}

export function explainCommand(terminal: Terminal): Command {
  return new Command("explain")
    .description(
      "Says whether a connection is allowed, and which rule of which policy decides, in both directions.",
    )
    .requiredOption("-f, --file <path...>", "file, directory (recursive) or - for standard input")
    .requiredOption("--from <ref>", "source")
    .requiredOption("--to <ref>", "destination")
    .option(
      "--port <port>",
      "80 or 80/TCP, 5000-5010/UDP, http (a port's name) or ICMP; without it everything that may flow is printed",
    )
    .option("-n, --namespace <name>", "namespace of bare names and of manifests without one", "default")
    .option("--pod-cidr <cidr...>", "where pods without an address could have theirs")
    .addOption(
      new Option("--enforcement <mode>", "of namespaces without the label postern.dev/enforcement")
        .choices(["enforce", "observe"])
        .default("enforce"),
    )
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--expect <verdict>", "allow or deny: exit with 1 unless this is the verdict").argParser(
        readVerdict,
      ),
    )
    .addHelpText("after", HELP)
    .action((options: ExplainOptions, command: Command) => {
      if (options.expect !== undefined && options.port === undefined) {
        command.error("error: --expect needs --port", { exitCode: 2 })
      }
      terminal.finish(explain(options, terminal))
    })
}

const HELP = `
REF names an end of the connection:
  shop/web            a pod by namespace and name; web alone is looked up in -n
  shop/deploy/web     the pods of a workload: Deployment, StatefulSet (sts), DaemonSet (ds), ReplicaSet (rs),
                      Job, CronJob (cj), ReplicationController (rc); Pod (po) and Service (svc) too
  10.0.0.7            an address; it is the pod, node or Service that has it
  node/worker-1       a node

Examples:
  postern explain -f deploy/ --from shop/deploy/web --to shop/sts/db --port 5432
  postern explain -f deploy/ --from shop/deploy/web --to shop/svc/db --port postgres
  postern explain -f deploy/ --from 203.0.113.9 --to shop/deploy/web --port 443 --expect deny
  kubectl get ns,po,no,svc,netpol -A -o json | postern explain -f - --from a/b --to c/d --port 53/UDP -o json`

export function explain(options: ExplainOptions, { palette }: Pick<Terminal, "palette">): Outcome {
  const input = readInput(options.file, options.namespace)
  if (!input.ok) return input.outcome
  const question = readQuestion(options, input.value)
  if (!question.ok) return refused(question.diagnostics)
  const { warnings, locate, sourceLine } = input.value
  const { asked, from, to, port, world } = question.value
  if (port === null) {
    const cases = inquireAllowed({ from, to }, world)
    if (!cases.ok) return refused(cases.diagnostics)
    return { ...answered(printAllowance(asked, cases.value, { options, palette }), warnings), sourceLine }
  }
  const answer = inquire({ from, to, port }, world)
  if (!answer.ok) return refused(answer.diagnostics)
  const isMet = meetsExpectation(options, answer.value)
  const surprise = isMet ? "" : `\n${palette.bad("✗ not as expected:")} --expect ${options.expect}\n`
  const output =
    options.output === "json"
      ? jsonText(withoutLikeCases(wholeExplanationJson(asked, answer.value, locate)))
      : `${explanationText(asked, answer.value, { palette, locate, ...adviceOf(options) })}${surprise}`
  return {
    status: isMet ? 0 : 1,
    output,
    diagnostics: warnings,
    sourceLine,
  }
}

interface Question {
  readonly asked: Asked
  readonly from: Reference
  readonly to: Reference
  readonly port: PortRequest | null
  readonly world: World
}

function readQuestion(options: ExplainOptions, { snapshot }: Input) {
  const { podCidr: podCIDRs = [] } = options
  const settings = { ...DEFAULT_SETTINGS, podCIDRs, enforcement: options.enforcement }
  const world = createWorld(snapshot, judgeOf, settings)
  const scope = { world, namespace: options.namespace }
  const from = resolveReference(options.from, scope)
  const to = resolveReference(options.to, scope)
  const port = options.port === undefined ? null : parsePortRequest(options.port)
  const diagnostics = [
    ...mistakesOf([from, to, ...(port === null ? [] : [port])]),
    ...podCidrMistakes(podCIDRs),
  ]
  if (!from.ok || !to.ok || port?.ok === false || diagnostics.length > 0)
    return { ok: false, diagnostics } as const
  const value: Question = {
    asked: { from: options.from, to: options.to, port: port === null ? "" : portRequestText(port.value) },
    from: from.value,
    to: to.value,
    port: port === null ? null : port.value,
    world,
  }
  return { ok: true, value } as const
}

function podCidrMistakes(podCIDRs: readonly string[]): readonly Diagnostic[] {
  return podCIDRs
    .filter((cidr) => parseBlock(cidr) === null)
    .map((cidr) => diagnostic("unreadablePodCidr", { value: shown(cidr) }))
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

function meetsExpectation({ expect }: ExplainOptions, { verdict }: Answer): boolean {
  return expect === undefined || verdict.toLowerCase() === expect
}

function printAllowance(
  asked: Asked,
  cases: readonly AllowedCase[],
  { options, palette }: { readonly options: ExplainOptions } & Pick<Terminal, "palette">,
): string {
  const allowance = wholeAllowanceJson(asked, cases)
  return options.output === "json"
    ? jsonText(withoutLikeAllowances(allowance))
    : allowanceJsonText(allowance, palette)
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
