// postern connectivity: who can reach whom on what.

import { Command, Option } from "commander"
import { connectivity } from "../analysis/connectivity.ts"
import { createModel } from "../analysis/model.ts"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic } from "../api/report.ts"
import { readCidr } from "../compile/address-ranges.ts"
import { changesTo } from "../compile/compile.ts"
import { lower } from "../kinds/registry.ts"
import { withClusterOptions } from "./cluster-options.ts"
import { readFocus } from "./connectivity-focus.ts"
import { CONNECTIVITY_FORMATS, type ConnectivityFormat } from "./connectivity-formats.ts"
import { type InputOptions, readInputOrCluster } from "./input.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"
import { readWorldSettings, type WorldOptions, withWorldOptions } from "./world-options.ts"

export interface ConnectivityCommandOptions extends InputOptions, WorldOptions {
  readonly focus?: readonly string[]
  readonly output: string
}

export function connectivityCommand(terminal: Terminal): Command {
  const command = new Command("connectivity")
    .description("Says who can reach whom on what: every workload, and the addresses outside the cluster.")
    .option(
      "-f, --file <path...>",
      "file, directory (recursive) or - for standard input (default: the cluster)",
    )
    .option("--focus <workload...>", "only what these can reach, and what can reach them")
    .option("-n, --namespace <name>", "namespace of bare names and of manifests without one", "default")
  return withClusterOptions(withWorldOptions(command))
    .addOption(
      new Option("-o, --output <format>", "output format")
        .choices(Object.keys(CONNECTIVITY_FORMATS))
        .default("text"),
    )
    .addHelpText("after", HELP)
    .action(async (options: ConnectivityCommandOptions) => {
      terminal.finish(await tellConnectivity(options, terminal))
    })
}

const HELP = `
A workload is named as its pods' owner is: shop/web[Deployment] from manifests, shop/web-7d4b9c[ReplicaSet] in a
cluster; --focus takes shop/web for both, and shop/deploy/web or the name of a pod. Addresses outside are cut where
some policy's ipBlock begins or ends. What is denied where policies are only observed is told as open.

Examples:
  postern connectivity
  postern connectivity -f deploy/ --focus shop/web
  postern connectivity -f deploy/ -o json | jq -r '.[] | select(.dst | startswith("shop/db[")) | .src'
  postern connectivity -f deploy/ -o html > map.html
  postern connectivity -f deploy/ -o dot | dot -Tpdf > map.pdf`

export async function tellConnectivity(
  options: ConnectivityCommandOptions,
  terminal: Pick<Terminal, "palette" | "columns">,
): Promise<Outcome> {
  const input = await readInputOrCluster(options)
  if (!input.ok) return input.outcome
  const { snapshot, warnings, sourceLine } = input.value
  const settings = readWorldSettings(options, input.value)
  if (!settings.ok) return refused(settings.diagnostics)
  const { enforcement, podCIDRs } = settings.value
  const canonical = podCIDRs.flatMap((each) => readCidr(each)?.text ?? [])
  const model = createModel({ lower, enforcement, podCIDRs: canonical })
  model.apply(changesTo(snapshot))
  const focus = readFocus(options.focus ?? [], { workloads: model.workloads(), namespace: options.namespace })
  if (!focus.ok) return refused(focus.diagnostics)
  const focused = focus.value === null ? {} : { focus: focus.value.holds }
  const found = connectivity(model, { ...focused, ownNodes: false })
  const format: ConnectivityFormat | undefined = CONNECTIVITY_FORMATS[options.output]
  if (format === undefined) throw new Error(`no format ${options.output}`)
  const output = await format(found, { screen: terminal, focus: focus.value?.ends ?? null })
  return {
    ...answered(output, [...warnings, ...notesOf(found.notes)]),
    isProse: options.output === "text",
    sourceLine,
  }
}

function notesOf(notes: readonly string[]): readonly Diagnostic[] {
  return notes.map((note) => diagnostic("connectivityNote", { note }))
}
