// `postern bridge-sysctls`: the one thing on a node that takes a privileged container, which ends when it is done.

import { setBridgeSysctls } from "./set-bridge-sysctls.ts"

try {
  for (const line of await setBridgeSysctls()) console.log(line)
} catch (error) {
  console.error(`postern: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 3
}
