// `postern node`: what is done to a node around the agent's life, each in a container that ends.

import { parseArgs } from "node:util"
import { createHost } from "../host.ts"
import { setBridgeSysctls } from "./bridge-sysctls.ts"
import { RemoveError, removeFromNode } from "./remove.ts"

const USAGE = "usage: postern node bridge-sysctls | postern node remove [--state DIRECTORY] [--socket PATH]"
const BAD_NEWS = 1
const BAD_INPUT = 2

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      state: { type: "string", default: "/var/lib/postern" },
      socket: { type: "string", default: "/run/postern/agent.sock" },
    },
  })
  const [command, ...more] = positionals
  if (more.length > 0) refuse()
  else if (command === "bridge-sysctls") tell(await setBridgeSysctls())
  else if (command === "remove") {
    const options = { host: createHost(), stateDirectory: values.state, socketPath: values.socket }
    tell((await removeFromNode(options)).map((each) => `removed ${each}`))
  } else refuse()
} catch (error) {
  console.error(`postern: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = error instanceof RemoveError ? BAD_NEWS : BAD_INPUT
}

function refuse(): void {
  console.error(USAGE)
  process.exitCode = BAD_INPUT
}

function tell(lines: readonly string[]): void {
  for (const line of lines) console.log(line)
}
