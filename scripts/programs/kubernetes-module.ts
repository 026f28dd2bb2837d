// Which kube-apiserver the tests run against, and the Go modules that programs are built in.
//
// The pinned ones are in tools/, with the sums of everything they are made of. For a kube-apiserver of another version the
// module is made from that version's own go.mod, in which Kubernetes pins all it needs, and Go's checksum database
// vouches for it. The other programs stay those that are pinned: nothing of ours talks to them.

import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { fieldOf } from "../../src/api/conforms.ts"

export const PINNED_KUBERNETES = "1.34.4"

/** $POSTERN_KUBERNETES; undefined where nobody asks for a version. */
export function wantedApiServer(): string | undefined {
  const version = process.env["POSTERN_KUBERNETES"] ?? ""
  if (version === "") return undefined
  if (/^1\.[1-9][0-9]{0,2}\.[0-9]{1,3}$/.test(version)) return version
  throw new Error(`POSTERN_KUBERNETES is ${JSON.stringify(version)}, which is no version as 1.33.13 is`)
}

interface GoModule {
  readonly folder: string
  /** What `go build` is told besides. */
  readonly flags: readonly string[]
}

/** Made in `directory` where it is not the pinned one. */
export async function kubernetesModule(version: string, directory: string): Promise<GoModule> {
  if (version === PINNED_KUBERNETES) return pinnedModule("kubernetes")
  const folder = join(directory, "module")
  mkdirSync(folder, { recursive: true })
  const source = `k8s.io/kubernetes@v${version}`
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", source], { cwd: directory })
  const path = fieldOf(JSON.parse(stdout), "GoMod")
  if (typeof path !== "string") throw new Error(`go mod download tells no go.mod of ${source}`)
  writeFileSync(join(folder, "go.mod"), standingAlone(readFileSync(path, "utf8"), version))
  return { folder, flags: ["-mod=mod"] }
}

export type PinnedTool = "etcd" | "flannel" | "flannel-cni" | "helm"

export function pinnedModule(tool: "kubernetes" | PinnedTool): GoModule {
  return { folder: join(import.meta.dirname, "../../tools", tool), flags: [] }
}

/** Kubernetes replaces its libraries by folders beside it; what it publishes of them is v0 of the same numbers. */
function standingAlone(goMod: string, version: string): string {
  const library = version.replace(/^1\./, "v0.")
  const alone = goMod
    .replace(/^module k8s\.io\/kubernetes$/m, "module postern.dev/tools/kubernetes")
    .replaceAll(/=> \.\/staging\/src\/(k8s\.io\/[a-z-]+)$/gm, `=> $1 ${library}`)
  return `${alone}\nrequire k8s.io/kubernetes v${version}\n`
}
