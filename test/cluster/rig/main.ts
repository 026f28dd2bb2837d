// node test/cluster/rig/main.ts up|down|kubectl|enter: a cluster to play with. docs/testing.md has examples.

import { spawnSync } from "node:child_process"
import { Command, Option } from "commander"
import { toolEnvironment } from "../../../src/lab/command.ts"
import { rigBinaries } from "./binaries.ts"
import { Rig, startRig } from "./rig.ts"
import { cnis, defaultSettings, familyChoices, type RigSettings } from "./settings.ts"
import { removeRig, savedSettings } from "./state.ts"

const program = new Command("rig")
  .description("A Kubernetes cluster of real components on this machine")
  .enablePositionalOptions()
const nameOption = new Option("--name <name>", "rigs of different names stand side by side").default(
  "postern",
)

program
  .command("up")
  .description("bring up what is not up")
  .addOption(nameOption)
  .addOption(new Option("--cni <kind>").choices(cnis).default(defaultSettings.cni))
  .addOption(new Option("--proxy <mode>").choices(["nftables", "iptables"]).default(defaultSettings.proxy))
  .addOption(new Option("--families <families>").choices(familyChoices).default(defaultSettings.families))
  .addOption(new Option("--nodes <number>").argParser(Number).default(defaultSettings.nodes))
  .action(async (settings: RigSettings) => {
    needRoot()
    const binaries = await rigBinaries(settings)
    const rig = await startRig(settings, {
      binaries,
      owned: false,
      step: (text) => console.error(`rig: ${text}`),
    })
    console.error(`rig: up; logs are in ${rig.state.logs}`)
    console.log((await rig.kubectl(["get", "nodes", "-o", "wide"])).trimEnd())
  })

program
  .command("down")
  .description("end every process of the cluster and remove its files")
  .addOption(nameOption)
  .option("--keep-logs")
  .action(async ({ name, keepLogs }: { readonly name: string; readonly keepLogs?: boolean }) => {
    needRoot()
    await removeRig(name, keepLogs ?? false)
  })

program
  .command("import")
  .description("bring an image archive to every node")
  .addOption(nameOption)
  .argument("<archive>")
  .action(async (archive: string, { name }: { readonly name: string }) =>
    (await standing(name)).importImage(archive),
  )

for (const [verb, description] of [
  ["kubectl", "kubectl as administrator"],
  ["enter", "a command on a machine: enter node1 nft list ruleset"],
] as const) {
  program
    .command(verb)
    .description(description)
    .addOption(nameOption)
    .argument("<arguments...>")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (argv: readonly string[], { name }: { readonly name: string }) => {
      const rig = await standing(name)
      const [machine = "", ...rest] = argv.filter((word, i) => i !== 1 || word !== "--")
      run(verb === "kubectl" ? rig.kubectlArgv(argv) : rig.enter(machine, rest))
    })
}

await program.parseAsync().catch((error: unknown) => {
  console.error(`rig: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})

async function standing(name: string): Promise<Rig> {
  needRoot()
  const settings = savedSettings(name)
  if (settings === undefined) throw new Error(`${name} is not up`)
  return new Rig(settings, await rigBinaries(settings))
}

function run([program = "", ...rest]: readonly string[]): void {
  process.exitCode = spawnSync(program, rest, { stdio: "inherit", env: toolEnvironment() }).status ?? 1
}

function needRoot(): void {
  if (process.getuid?.() === 0) return
  console.error("rig: needs root: namespaces, cgroups and mounts of whole machines")
  process.exit(3)
}
