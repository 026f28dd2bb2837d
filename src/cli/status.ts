// postern status: how enforcement goes in a running cluster, and what to do next.

import { Command, Option } from "commander"
import { diagnostic } from "../api/report.ts"
import type { StatusReport } from "../api/status-report.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
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
Exits with 1 where a policy is Failed or Degraded, a node Degraded, Disconnected or without a status, or where no
controller keeps statuses up to date.

Examples:
  postern status
  postern status -n shop
  postern status --node worker-1
  postern status -o json | jq '.policies[] | select(.phase != "Programmed")'`

export async function status(options: StatusOptions, terminal: Terminal): Promise<Outcome> {
  const { node, namespace } = options
  const { report, isNamespace } = await withCluster(options, async ({ client }) => ({
    isNamespace: namespace === undefined || (await hasNamespace(client, namespace)),
    report: await readStatus(client, options),
  }))
  if (report === undefined) return refused([notInstalled])
  if (!isNamespace) return refused([unknown(`namespace ${namespace}`)])
  if (node !== undefined && report.nodes.length === 0) {
    return refused([unknown(`node ${node}`)])
  }
  const output =
    options.output === "json"
      ? `${JSON.stringify(report, null, 2)}\n`
      : statusText(report, terminal, { notes: node !== undefined })
  return { ...answered(output), status: isGood(report) ? 0 : 1 }
}

function unknown(what: string) {
  return diagnostic("unknownReference", { what, near: "" })
}

async function hasNamespace(client: KubernetesClient, name: string): Promise<boolean> {
  try {
    await client.get(`/api/v1/namespaces/${encodeURIComponent(name)}`)
    return true
  } catch (error) {
    if (isStatus(error, 404)) return false
    throw error
  }
}

const notInstalled = diagnostic("unknownReference", {
  what: "Postern in this cluster",
  near: ": it has no kind PolicyStatus of postern.dev",
})

function isGood({ stale, nodes, policies }: StatusReport): boolean {
  return (
    stale === "" &&
    policies.every(({ phase }) => phase !== "Failed" && phase !== "Degraded") &&
    nodes.every(({ state }) => state !== "Degraded" && state !== "Disconnected" && state !== "Unknown")
  )
}
