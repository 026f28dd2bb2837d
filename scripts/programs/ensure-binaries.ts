// The programs of a real cluster: those of $KUBEBUILDER_ASSETS, else built once from the Go module proxy, in the versions
// that are pinned; kube-apiserver in that of $POSTERN_KUBERNETES, where that is set.

import { spawn } from "node:child_process"
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import {
  kubernetesModule,
  PINNED_KUBERNETES,
  type PinnedTool,
  pinnedModule,
  wantedApiServer,
} from "./kubernetes-module.ts"

export type BinaryName =
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "kubectl"
  | "agnhost"
  | "etcd"
  | "helm"
  | "flanneld"
  | "flannel"

/** The directory that holds the named programs, built where they were missing. */
export async function ensureBinaries(names: readonly BinaryName[]): Promise<string> {
  const wanted = wantedApiServer()
  const assets = wanted === undefined ? (process.env["KUBEBUILDER_ASSETS"] ?? "") : ""
  if (assets !== "" && names.every((name) => isProgram(join(assets, name)))) return assets
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache")
  const apiServer = wanted ?? PINNED_KUBERNETES
  const directory = join(cache, "postern", `kubernetes-${apiServer}`)
  mkdirSync(directory, { recursive: true })
  for (const name of names) {
    const version = name === "kube-apiserver" ? apiServer : PINNED_KUBERNETES
    if (!isProgram(join(directory, name))) await locked(directory, () => build({ version, directory, name }))
  }
  return directory
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

interface Build {
  /** Of Kubernetes. */
  readonly version: string
  readonly directory: string
  readonly name: BinaryName
}

async function build(wanted: Build): Promise<void> {
  const { version, directory, name } = wanted
  const program = join(directory, name)
  if (isProgram(program)) return
  process.stderr.write(`building ${name}, once, into ${directory} (minutes where Go has built nothing yet)\n`)
  const unfinished = `${program}.${process.pid}.unfinished`
  const { tool, source } = sourceOf(name)
  const isKubernetes = tool === "kubernetes"
  const { folder, flags } = isKubernetes ? await kubernetesModule(version, directory) : pinnedModule(tool)
  const ours = ["-trimpath", "-buildvcs=false", "-ldflags", linkerFlags(wanted), "-o", unfinished]
  try {
    await run(["go", "build", ...flags, ...ours, source], { folder, needsC: name === "flanneld" })
    renameSync(unfinished, program)
  } finally {
    rmSync(unfinished, { force: true })
  }
}

function sourceOf(name: BinaryName): {
  readonly tool: "kubernetes" | PinnedTool
  readonly source: string
} {
  switch (name) {
    case "etcd":
      return { tool: "etcd", source: "go.etcd.io/etcd/server/v3" }
    case "helm":
      return { tool: "helm", source: "helm.sh/helm/v3/cmd/helm" }
    case "flanneld":
      return { tool: "flannel", source: "github.com/flannel-io/flannel" }
    case "flannel":
      return {
        tool: "flannel-cni",
        source: "github.com/containernetworking/plugins/plugins/meta/flannel",
      }
    case "agnhost":
      return { tool: "kubernetes", source: "k8s.io/kubernetes/test/images/agnhost" }
    case "kube-apiserver":
    case "kube-controller-manager":
    case "kube-scheduler":
    case "kubelet":
    case "kube-proxy":
    case "kubectl":
      return { tool: "kubernetes", source: `k8s.io/kubernetes/cmd/${name}` }
  }
}

/** Without the version, kube-apiserver says v0.0.0, and its feature gates are those of no release. */
function linkerFlags({ version, name }: Build): string {
  const [major, minor] = version.split(".")
  // Helm asks no server when it renders, and has v1.20 in mind.
  if (name === "helm") {
    const at = "helm.sh/helm/v3/pkg/chartutil.k8sVersion"
    return `-s -w -X ${at}Major=${major} -X ${at}Minor=${minor}`
  }
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]
  const versions = packages.flatMap((at) => [
    `-X ${at}.gitVersion=v${version}`,
    `-X ${at}.gitMajor=${major}`,
    `-X ${at}.gitMinor=${minor}`,
  ])
  const isKubernetes = sourceOf(name).tool === "kubernetes"
  return ["-s -w", ...(isKubernetes ? versions : [])].join(" ")
}

interface Place {
  readonly folder: string
  /** flanneld's backend udp is partly in C, on amd64. */
  readonly needsC: boolean
}

function run([program, ...arguments_]: readonly [string, ...string[]], place: Place): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(program, arguments_, {
    cwd: place.folder,
    env: { ...process.env, CGO_ENABLED: place.needsC && process.arch === "x64" ? "1" : "0" },
    stdio: ["ignore", 2, 2],
  })
  child.on("error", (cause) =>
    reject(new Error(`${program} cannot be started; Go 1.25 is needed`, { cause })),
  )
  child.on("close", (status) =>
    status === 0 ? resolve() : reject(new Error(`${program} ${arguments_.join(" ")}: status ${status}`)),
  )
  return promise
}

/** One build at a time on this machine; the lock of a process that is gone is nobody's. */
async function locked(directory: string, work: () => Promise<void>): Promise<void> {
  const lock = join(directory, "lock")
  while (!take(lock)) await setTimeout(500)
  try {
    await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch {
    if (!isAlive(holderOf(lock))) rmSync(lock, { force: true })
    return false
  }
}

function holderOf(lock: string): number {
  try {
    return Number(readFileSync(lock, "utf8"))
  } catch {
    return 0
  }
}

/** 0: it is being written or was removed this moment; looked at again soon. */
function isAlive(pid: number): boolean {
  if (pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}
