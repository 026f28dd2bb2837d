// `postern uninstall`: run by the chart's hooks before a release is deleted.

import { parseArgs } from "node:util"
import { createKubernetesClient } from "../../kubernetes/client.ts"
import { loadClusterConfig } from "../../kubernetes/cluster-config.ts"
import { daemonSetReady, deleteDaemonSet } from "./daemon-set.ts"

const USAGE = "usage: postern uninstall delete|await DAEMONSET --namespace NAME [--timeout SECONDS]"

try {
  process.exitCode = await run()
} catch (error) {
  console.error(`postern: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      namespace: { type: "string", default: "" },
      timeout: { type: "string", default: "180" },
      kubeconfig: { type: "string" },
    },
  })
  const [command, name = "", ...more] = positionals
  const isKnown = command === "delete" || command === "await"
  const timeoutMs = Number(values.timeout) * 1000
  if (!isKnown || name === "" || more.length > 0 || values.namespace === "" || !(timeoutMs > 0)) {
    console.error(USAGE)
    return 2
  }
  const { kubeconfig } = values
  const config = await loadClusterConfig(kubeconfig === undefined ? {} : { kubeconfig })
  const client = createKubernetesClient(config)
  try {
    const wait = { client, namespace: values.namespace, name, timeoutMs }
    await (command === "delete" ? deleteDaemonSet(wait) : daemonSetReady(wait))
    console.log(`${name}: ${command === "delete" ? "deleted, with its pods" : "done on every node"}`)
    return 0
  } finally {
    await client.close()
  }
}
