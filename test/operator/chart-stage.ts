// The chart, rendered and on a real API server.

import { execFile } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect } from "vitest"
import { parseAllDocuments } from "yaml"
import { renderChart } from "../../scripts/deploy-manifests.ts"
import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"
import type { ApiServer } from "../api-server/api-server.ts"
import type { Manifest } from "../manifest.ts"

export const chart = fileURLToPath(new URL("../../deploy/chart", import.meta.url))

export async function rendered(...args: readonly string[]): Promise<readonly Manifest[]> {
  return parseAllDocuments(await renderChart(args))
    .map((document): Manifest => document.toJS())
    .filter((each) => each !== null)
}

export function only(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((each) => each.kind === kind && each.metadata.name === name)
  if (found[0] === undefined || found.length !== 1) throw new Error(`${found.length} of ${kind} ${name}`)
  return found[0]
}

/** What it prints. */
export type Helm = (...args: readonly string[]) => Promise<string>

export async function helmOn({ kubeconfig }: ApiServer): Promise<Helm> {
  const helm = join(await ensureBinaries(["helm"]), "helm")
  return async (...args) => (await promisify(execFile)(helm, [...args, "--kubeconfig", kubeconfig])).stdout
}

/** What kubectl prints, where it has nothing to complain of. */
export async function quietly(server: ApiServer, args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await server.kubectl(args, input)
  expect([status, stderr]).toEqual([0, ""])
  return stdout
}
