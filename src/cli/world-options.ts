// What a command has to be told about a cluster that manifests do not say.

import { type Command, Option } from "commander"
import { diagnostic, shown } from "../api/report.ts"
import type { Enforcement } from "../compile/snapshot.ts"
import { parseBlock } from "../explain/address.ts"
import { bad, type Checked, good } from "../explain/checked.ts"
import { DEFAULT_SETTINGS, type WorldSettings } from "../explain/world.ts"

export interface WorldOptions {
  readonly podCidr?: readonly string[]
  /** Without it what the cluster's setting says. */
  readonly enforcement?: Enforcement
}

export function withWorldOptions(command: Command): Command {
  return command
    .option("--pod-cidr <cidr...>", "where pods without an address could have theirs")
    .addOption(
      new Option(
        "--enforcement <mode>",
        "of namespaces without the label postern.dev/enforcement (default: the cluster's; of files enforce)",
      ).choices(["enforce", "observe"]),
    )
}

export function readWorldSettings(
  { podCidr = [], enforcement }: WorldOptions,
  input: { readonly enforcement: Enforcement },
): Checked<WorldSettings> {
  const mistakes = podCidr
    .filter((cidr) => parseBlock(cidr) === null)
    .map((cidr) => diagnostic("unreadablePodCidr", { value: shown(cidr) }))
  return mistakes.length > 0
    ? bad(...mistakes)
    : good({ ...DEFAULT_SETTINGS, podCIDRs: podCidr, enforcement: enforcement ?? input.enforcement })
}
