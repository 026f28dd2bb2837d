// postern report: all of what a change will do, by the key that its dry-run has printed.

import { Ajv2020 } from "ajv/dist/2020.js"
import { Command, Option } from "commander"
import { type ImpactReport, impactReportSchema } from "../api/impact-report.ts"
import { diagnostic } from "../api/report.ts"
import { type ClusterOptions, withCluster, withClusterOptions } from "./cluster-options.ts"
import { askExplainApi } from "./explain-api.ts"
import { impactText } from "./impact-text.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"

interface ReportOptions extends ClusterOptions {
  readonly namespace?: string
  readonly output: "text" | "json"
}

export function reportCommand(terminal: Terminal): Command {
  return withClusterOptions(new Command("report"))
    .description("Prints all of what a change will do, by the key that its dry-run has printed.")
    .argument("<key>", "of the report")
    .option(
      "-n, --namespace <name>",
      "where you may read reports (default: everywhere, else the kubeconfig's)",
    )
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .addHelpText("after", HELP)
    .action(async (key: string, options: ReportOptions) =>
      terminal.finish(await report(key, options, terminal)),
    )
}

const HELP = `
Postern's webhook keeps a report for an hour. It names what you may see: namespaces in which you may list pods.

Examples:
  kubectl apply --dry-run=server -f policy.yaml     the last warning has the key
  postern report 4k2m9x7q1c
  postern report 4k2m9x7q1c -o json | jq '.disappearing.listed[].destination'`

async function report(key: string, options: ReportOptions, terminal: Terminal): Promise<Outcome> {
  const answer = await withCluster(options, async ({ client, config }) => {
    const { namespace } = options
    return await askExplainApi(client, {
      resource: `reports/${encodeURIComponent(key)}`,
      namespaces: namespace === undefined ? ["", config.namespace ?? "default"] : [namespace],
    })
  })
  switch (answer.kind) {
    case "mistaken":
      return refused(answer.diagnostics)
    case "unavailable":
      return broken(answer.why)
    case "answered":
      return isReport(answer.answer)
        ? { ...answered(printed(answer.answer, options, terminal)), isProse: options.output === "text" }
        : broken("the cluster's explain API is of another version")
  }
}

const isReport = new Ajv2020({ allowUnionTypes: true }).compile<ImpactReport>(impactReportSchema)

function printed(report: ImpactReport, { output }: ReportOptions, terminal: Terminal): string {
  return output === "json" ? `${JSON.stringify(report, null, 2)}\n` : impactText(report, terminal)
}

function broken(why: string): Outcome {
  return { status: 3, output: "", diagnostics: [diagnostic("noExplainApi", { why })] }
}
