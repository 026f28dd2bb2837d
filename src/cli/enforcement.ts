// postern observe and postern enforce: what happens to what policies deny, in a namespace or on every node.

import { createInterface } from "node:readline/promises"
import { Command, Option } from "commander"
import { shown } from "../api/report.ts"
import type { EnforcementReport, EnforcementResult } from "../api/status-report.ts"
import type { Enforcement } from "../compile/snapshot.ts"
import { isStatus } from "../kubernetes/api-error.ts"
import type { KubernetesClient } from "../kubernetes/client.ts"
import { createPodExec } from "../kubernetes/exec.ts"
import { agentPods, orderAgents } from "./agent-orders.ts"
import { type ClusterOptions, type Connection, withCluster, withClusterOptions } from "./cluster-options.ts"
import { enforcementText, wouldDropText } from "./enforcement-text.ts"
import { answered, type Outcome } from "./outcome.ts"
import { readStatus } from "./read-status.ts"
import type { Terminal } from "./terminal.ts"

export interface EnforcementOptions extends ClusterOptions {
  readonly namespace?: string
  readonly allNodes?: true
  readonly yes?: true
  readonly output: "text" | "json"
}

export function observeCommand(terminal: Terminal): Command {
  return common("observe", terminal)
    .description(
      "Lets pass what policies deny, counted and logged: in one namespace, or on every node within seconds, with no controller, too.",
    )
    .addHelpText("after", OBSERVE_HELP)
}

const OBSERVE_HELP = `
Without -n the cluster's setting becomes observe, and every agent is told through its pod to drop nothing: not even in
namespaces that are labelled enforce. postern enforce undoes both. Exits with 1 where a node could not be told.

Examples:
  postern observe -n shop
  postern observe`

export function enforceCommand(terminal: Terminal): Command {
  return common("enforce", terminal)
    .option("-y, --yes", "do not ask")
    .description(
      "Drops what policies deny: in one namespace, or in the cluster, after showing what that would have been.",
    )
    .addHelpText("after", ENFORCE_HELP)
}

const ENFORCE_HELP = `
Without -n the cluster's setting becomes enforce, and no agent is switched to observe any more. Namespaces that are
labelled observe stay so. Exits with 1 where a node could not be told, or where the answer is no.

Examples:
  postern enforce -n shop
  postern enforce --yes`

function common(mode: Enforcement, terminal: Terminal): Command {
  return withClusterOptions(new Command(mode))
    .option("-n, --namespace <name>", "only this namespace, by its label postern.dev/enforcement")
    .addOption(new Option("--all-nodes", "every node: as without -n").conflicts("namespace"))
    .addOption(new Option("-o, --output <format>", "output format").choices(["text", "json"]).default("text"))
    .action(async (options: EnforcementOptions, command: Command) => {
      const asks = mode === "enforce" && options.yes !== true
      if (asks && !process.stdin.isTTY)
        command.error("error: enforcing asks first, and nobody can be asked here; --yes does not ask")
      terminal.finish(await change(mode, options, terminal))
    })
}

async function change(mode: Enforcement, options: EnforcementOptions, terminal: Terminal): Promise<Outcome> {
  return await withCluster(options, async (connection) => {
    if (mode === "enforce") {
      const refusal = await confirm(connection.client, options, terminal)
      if (refusal !== undefined) return refusal
    }
    const results =
      options.namespace === undefined
        ? await changeCluster(connection, mode, options.systemNamespace)
        : [await label(connection.client, options.namespace, mode)]
    return outcomeOf({ enforcement: mode, results: [...results] }, options, terminal)
  })
}

function outcomeOf(report: EnforcementReport, { output }: EnforcementOptions, terminal: Terminal): Outcome {
  const text = output === "json" ? `${JSON.stringify(report, null, 2)}\n` : enforcementText(report, terminal)
  return { ...answered(text), status: report.results.every(({ ok }) => ok) ? 0 : 1 }
}

/** Undefined where it may go on. */
async function confirm(
  client: KubernetesClient,
  options: EnforcementOptions,
  terminal: Terminal,
): Promise<Outcome | undefined> {
  if (options.yes === true) return undefined
  const report = await readStatus(client, scopeOf(options))
  process.stderr.write(wouldDropText(report, terminal))
  const where =
    options.namespace === undefined ? "in the whole cluster" : `in namespace ${shown(options.namespace)}`
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const said = await asking.question(`Drop what policies deny, ${where}? [y/N] `)
  asking.close()
  return /^y(es)?$/i.test(said.trim()) ? undefined : { ...answered("nothing was changed\n"), status: 1 }
}

function scopeOf({ systemNamespace, namespace }: EnforcementOptions) {
  return namespace === undefined ? { systemNamespace } : { systemNamespace, namespace }
}

async function label(
  client: KubernetesClient,
  namespace: string,
  mode: Enforcement,
): Promise<EnforcementResult> {
  const body = { metadata: { labels: { "postern.dev/enforcement": mode } } }
  return await tried(`namespace ${namespace}`, `is labelled postern.dev/enforcement=${mode}`, () =>
    client.patch(`/api/v1/namespaces/${encodeURIComponent(namespace)}`, body, "application/merge-patch+json"),
  )
}

async function changeCluster(
  { config, client }: Connection,
  mode: Enforcement,
  namespace: string,
): Promise<readonly EnforcementResult[]> {
  const exec = createPodExec(config)
  try {
    // At once: when the controllers are what is wrong, the pods are the way; when a node cannot be reached, the setting.
    const [setting, pods, nodes] = await Promise.all([
      setCluster(client, namespace, mode),
      agentPods(client, namespace),
      client.list<{ readonly metadata: { readonly name: string } }>("/api/v1/nodes"),
    ])
    const names = nodes.map(({ metadata }) => metadata.name)
    return [setting, ...(await orderAgents(exec, { pods, nodes: names, namespace }, mode))]
  } finally {
    await exec.close()
  }
}

async function setCluster(
  client: KubernetesClient,
  namespace: string,
  mode: Enforcement,
): Promise<EnforcementResult> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  return await tried("the cluster's setting", `is ${mode}`, async () => {
    const data = { enforcement: mode }
    try {
      await client.patch(`${path}/postern`, { data }, "application/merge-patch+json")
    } catch (error) {
      if (!isStatus(error, 404)) throw error
      await client.create(path, { metadata: { name: "postern" }, data })
    }
  })
}

async function tried(
  subject: string,
  done: string,
  task: () => Promise<unknown>,
): Promise<EnforcementResult> {
  try {
    await task()
    return { subject, ok: true, message: done }
  } catch (error) {
    return { subject, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
