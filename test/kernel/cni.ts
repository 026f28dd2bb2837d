// CNI ADD and DEL of a lab's pod as far as the agent sees them: libcni's file comes and goes.

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Cluster } from "./cluster.ts"

export interface CniResultFile {
  readonly path: string
  /** Writes the result as the runtime would for a pod with this uid. */
  add(uid: string): void
  del(): void
}

/** The result that the lab has written for the pod. */
export function cniResultOf(cluster: Cluster, node: string, pod: string): CniResultFile {
  return cniResultIn(cluster.agent(node).node.cniResultsDirectory, pod)
}

export function cniResultIn(directory: string, pod: string): CniResultFile {
  const [namespace = "", name = ""] = pod.split("/")
  for (const file of readdirSync(directory)) {
    const path = join(directory, file)
    const result = JSON.parse(readFileSync(path, "utf8"))
    const args = new Map<string, string>(result.cniArgs)
    if (args.get("K8S_POD_NAMESPACE") !== namespace || args.get("K8S_POD_NAME") !== name) continue
    return {
      path,
      add: (uid) => {
        const cniArgs = [["IgnoreUnknown", "1"], ...result.cniArgs, ["K8S_POD_UID", uid]]
        writeFileSync(path, JSON.stringify({ ...result, cniArgs }))
      },
      del: () => rmSync(path),
    }
  }
  throw new Error(`no CNI result of ${pod} in ${directory}`)
}
