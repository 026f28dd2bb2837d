// postern compile: the ruleset that every node would enforce, or one node's.

import { Command, Option } from "commander"
import { printRuleset } from "nftables-json/print"
import type { Ruleset } from "nftables-json/schema"
import type { Diagnostic } from "../api/diagnostic.ts"
import { diagnostic, shown } from "../api/report.ts"
import { suggestion } from "../api/suggestion.ts"
import { compile } from "../compile/compile.ts"
import { defaultRulesetOptions } from "../compile/ruleset/options.ts"
import { renderNode } from "../compile/ruleset/render-node.ts"
import type { Enforcement, Snapshot } from "../compile/snapshot.ts"
import { lower } from "../kinds/registry.ts"
import { placed } from "../lab/placement.ts"
import { readInput } from "./input.ts"
import { answered, type Outcome, refused } from "./outcome.ts"
import type { Terminal } from "./terminal.ts"

export interface CompileOptions {
  readonly file: readonly string[]
  readonly node?: string
  readonly namespace: string
  readonly enforcement: Enforcement
  readonly place?: true
  readonly output: "nft" | "json"
}

export function compileCommand(terminal: Terminal): Command {
  return new Command("compile")
    .description("Prints the nftables ruleset that the policies become, for every node or for one.")
    .requiredOption("-f, --file <path...>", "file, directory (recursive) or - for standard input")
    .option("--node <name>", "only this node")
    .option("-n, --namespace <name>", "namespace of manifests without one", "default")
    .option("--place", "give pods without a node or an address one, as the demo does")
    .addOption(
      new Option("--enforcement <mode>", "of namespaces without the label postern.dev/enforcement")
        .choices(["enforce", "observe"])
        .default("enforce"),
    )
    .addOption(new Option("-o, --output <format>", "output format").choices(["nft", "json"]).default("nft"))
    .addHelpText("after", HELP)
    .action((options: CompileOptions) => terminal.finish(compileManifests(options)))
}

const HELP = `
Where the agent puts the generation in force, the text has generation 1; the sets that only an agent can fill
(revision, pod_interfaces) are empty.

Examples:
  postern compile -f policies-examples/named-port
  postern compile -f cluster.yaml --node worker-1
  postern compile -f cluster.yaml --node worker-1 -o json | nft -j -c -f -
  kubectl get ns,po,no,svc,netpol -A -o json | postern compile -f - -o json | jq 'keys'`

export function compileManifests(options: CompileOptions): Outcome {
  const input = readInput(options.file, options.namespace)
  if (!input.ok) return input.outcome
  const { snapshot, notes } = placedSnapshot(input.value.snapshot, options)
  const { enforcement } = options
  const program = compile(snapshot, { lower, enforcement })
  const nodes = [...program.nodes.keys()].toSorted()
  const mistake = nodeMistake(options.node, nodes)
  if (mistake !== null) return refused([mistake])
  const wanted = options.node === undefined ? nodes : [options.node]
  const rulesetOptions = { ...defaultRulesetOptions, enforcement }
  const rulesets = wanted.map((node) => [node, renderNode(program, node, rulesetOptions)] as const)
  const print = options.output === "json" ? jsonText : nftText
  const { warnings, sourceLine } = input.value
  return { ...answered(print(rulesets, options.node !== undefined), [...warnings, ...notes]), sourceLine }
}

interface Placed {
  readonly snapshot: Snapshot
  readonly notes: readonly Diagnostic[]
}

/** A ruleset is a node's and is about addresses: a Git repository has neither. */
function placedSnapshot(snapshot: Snapshot, { place }: CompileOptions): Placed {
  const hasNodes = snapshot.nodes.length > 0 || snapshot.pods.some(({ node }) => node !== "")
  if (hasNodes && place !== true) return { snapshot, notes: podsNowhere(snapshot) }
  const made = placed(snapshot)
  if (hasNodes) return { snapshot: made, notes: [] }
  const nodes = made.nodes.map(({ name }) => shown(name)).join(", ")
  return { snapshot: made, notes: [diagnostic("placesMadeUp", { nodes })] }
}

type Rulesets = readonly (readonly [node: string, ruleset: Ruleset])[]

function nftText(rulesets: Rulesets, single: boolean): string {
  return rulesets
    .map(([node, ruleset]) => `${single ? "" : `# node ${node}\n`}${printRuleset(ruleset)}`)
    .join("\n")
}

/** One object a line, so that two outputs can be compared. */
function jsonText(rulesets: Rulesets, single: boolean): string {
  const texts = rulesets.map(([node, ruleset]) => {
    const objects = ruleset.map((object) => JSON.stringify(object)).join(",\n")
    return { node, text: `{"nftables": [\n${objects}\n]}` }
  })
  if (single) return texts.map(({ text }) => `${text}\n`).join("")
  return `{\n${texts.map(({ node, text }) => `${JSON.stringify(node)}: ${text}`).join(",\n")}\n}\n`
}

function nodeMistake(node: string | undefined, nodes: readonly string[]): Diagnostic | null {
  if (node === undefined || nodes.includes(node)) return null
  const near = suggestion(node, nodes) || `; there is ${nodes.slice(0, 5).join(", ")}`
  return diagnostic("unknownReference", { what: `node ${shown(node)}`, near })
}

function podsNowhere({ pods }: Snapshot): readonly Diagnostic[] {
  const nowhere = pods.filter(
    (pod) => !pod.finished && !pod.hostNetwork && (pod.node === "" || pod.addresses.length === 0),
  )
  if (nowhere.length === 0) return []
  const some = nowhere.slice(0, 3).map(({ namespace, name }) => `${namespace}/${name}`)
  const names = nowhere.length > some.length ? `${some.join(", ")}, ...` : some.join(", ")
  const count = nowhere.length === 1 ? "1 pod is" : `${nowhere.length} pods are`
  return [diagnostic("podsNowhere", { count, names })]
}
