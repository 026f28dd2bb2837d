// Network namespaces for the kernel tests: nft never runs in the one that the tests themselves live in.

import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, readdirSync } from "node:fs"

export interface NetworkNamespace {
  readonly name: string
  /** What runs a command inside, as the first words of its command line. */
  readonly enter: readonly string[]
  /** Runs a command inside and returns what it printed. */
  run(command: readonly string[], input?: string): string
  remove(): void
}

const PREFIX = "nftj"

export function createNamespace(): NetworkNamespace {
  removeLeftOvers()
  const name = `${PREFIX}-${process.pid}-${randomBytes(3).toString("hex")}`
  execFileSync("ip", ["netns", "add", name])
  const enter = ["nsenter", `--net=/run/netns/${name}`]
  return {
    name,
    enter,
    run: (command, input = "") => runInside([...enter, ...command], input),
    remove: () => {
      execFileSync("ip", ["netns", "delete", name])
    },
  }
}

/** Of runs that were killed before they could tidy up: their process is gone. */
function removeLeftOvers(): void {
  for (const name of existsSync("/run/netns") ? readdirSync("/run/netns") : []) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) execFileSync("ip", ["netns", "delete", name])
  }
}

function runInside([file = "", ...rest]: readonly string[], input: string): string {
  return execFileSync(file, rest, { input, encoding: "utf8", stdio: "pipe", maxBuffer: 2 ** 28 })
}
