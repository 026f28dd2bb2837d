// How the commands that ask a running cluster find it.

import { type Command, Option } from "commander"
import { createKubernetesClient, type KubernetesClient } from "../kubernetes/client.ts"
import { type ClusterConfig, loadClusterConfig } from "../kubernetes/cluster-config.ts"

export interface ClusterOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly systemNamespace: string
}

export function withClusterOptions(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "how to reach the cluster (default: as kubectl does)")
    .option("--context <name>", "context of the kubeconfig")
    .addOption(
      new Option("--system-namespace <name>", "where Postern is installed").default("postern-system"),
    )
}

export interface Connection {
  readonly config: ClusterConfig
  readonly client: KubernetesClient
}

export async function withCluster<T>(
  options: ClusterOptions,
  task: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { kubeconfig, context } = options
  const config = await loadClusterConfig({ kubeconfig, context })
  const client = createKubernetesClient(config, { timeoutMs: 20_000 })
  try {
    return await task({ config, client })
  } finally {
    await client.close()
  }
}
