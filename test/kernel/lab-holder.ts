// A program that makes a small lab and then does what its argument says; run by lab.test.ts.

import { createLab } from "../../src/lab/lab.ts"
import { LabEnvironmentError } from "../../src/lab/preflight.ts"
import { needsUserNamespace, runAsNamespaceRoot } from "../../src/lab/user-namespace.ts"
import { smallLab } from "./lab-specs.ts"

async function main(): Promise<number> {
  if (needsUserNamespace()) return runAsNamespaceRoot()
  const lab = await createLab(smallLab)
  const result = await lab.probe({ from: "10.244.1.10", to: "10.244.2.10", protocol: "TCP", port: 8080 })
  process.stdout.write(`${lab.name} ${result.verdict}\n`)
  const what = process.argv[2]
  if (what === "throw") throw new Error("on purpose")
  if (what === "exit") process.exit(7)
  if (what === "wait") {
    setInterval(() => {}, 1000)
    return Promise.withResolvers<number>().promise
  }
  await lab.close()
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(error instanceof LabEnvironmentError ? 3 : 1)
}
