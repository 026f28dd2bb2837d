// postern status: how enforcement goes in a running cluster, and what to do next.

import { Command, Option } from "commander"
import { diagnostic } from "../api/report.ts"
import type { StatusReport } from "../api/status-report.ts"
import { type ClusterOptions, withCluster, withClusterOptions } from "./cluster-options.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import { readStatus } from "./read-status.ts"
import { statusText } from "./status-text.ts"
import type { Terminal } from "./terminal.ts"

export interface StatusOptions extends ClusterOptions {
  readonly namespace?: string
  readonly node?: string
  readonly output: "text" | "json"
}

export function statusCommand(terminal: Terminal): Command {
  return withClusterOptions(new Command("status"))
    .description("Says how enforcement goes in a running cluster, and what to do next.")
    .option("-n, --namespace <name>", "only policies of this namespace")
    .option("--node <name>", "only this node, and policies that are not in force on it")
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .addHelpText("after", HELP)
    .action(async (options: StatusOptions) => terminal.finish(await status(options, terminal)))
}

const HELP = `
Exits with 1 where a policy is Failed or Degraded, or a node Degraded, Disconnected or without a status.

Examples:
  postern status
  postern status -n shop
  postern status --node worker-1
  postern status -o json | jq '.policies[] | select(.phase != "Programmed")'`

export async function status(options: StatusOptions, terminal: Terminal): Promise<Outcome> {
  const report = await withCluster(options, ({ client }) => readStatus(client, options))
  if (report === undefined) return refused([notInstalled])
  const { node } = options
  if (node !== undefined && report.nodes.length === 0) {
    return refused([diagnostic("unknownReference", { what: `node ${node}`, near: "" })])
  }
  const output =
    options.output === "json"
      ? `${JSON.stringify(report, null, 2)}\n`
      : statusText(report, terminal, { notes: node !== undefined })
  return { ...answered(output), status: isGood(report) ? 0 : 1 }
}

const notInstalled = diagnostic("unknownReference", {
  what: "Postern in this cluster",
  near: ": it has no kind PolicyStatus of postern.dev",
})

function isGood({ nodes, policies }: StatusReport): boolean {
  return (
    policies.every(({ phase }) => phase !== "Failed" && phase !== "Degraded") &&
    nodes.every(({ state }) => state !== "Degraded" && state !== "Disconnected" && state !== "Unknown")
  )
}
