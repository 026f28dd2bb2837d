import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { ensureBinaries } from "../../scripts/programs/ensure-binaries.ts"

let directory = ""

/** Stands for Go: writes down what it was asked for, takes its time, and makes the file behind -o. */
const go = `#!/bin/sh
echo "$*" >> "$GO_CALLS"
echo "$CGO_ENABLED" >> "$GO_CALLS-with-c"
if [ "$1" = mod ]; then echo "{ \\"Path\\": \\"k8s.io/kubernetes\\", \\"GoMod\\": \\"$GO_MOD\\" }"; exit; fi
sleep 0.3
[ -z "$GO_FAILS" ] || exit 1
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n' > "$2"
chmod +x "$2"
`

function program(path: string, text: string): void {
  writeFileSync(path, text)
  chmodSync(path, 0o755)
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "postern-binaries-"))
  for (const each of ["tools", "assets", "cache"]) mkdirSync(join(directory, each))
  program(join(directory, "tools", "go"), go)
  vi.stubEnv("PATH", `${join(directory, "tools")}:${process.env["PATH"] ?? ""}`)
  vi.stubEnv("GO_CALLS", join(directory, "calls"))
  vi.stubEnv("XDG_CACHE_HOME", join(directory, "cache"))
  vi.stubEnv("KUBEBUILDER_ASSETS", "")
  vi.stubEnv("POSTERN_KUBERNETES", "")
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

function calls(): readonly string[] {
  return readFileSync(join(directory, "calls"), "utf8").trim().split("\n")
}

test("what $KUBEBUILDER_ASSETS holds is not built", async () => {
  const assets = join(directory, "assets")
  program(join(assets, "etcd"), "")
  program(join(assets, "kubectl"), "")
  vi.stubEnv("KUBEBUILDER_ASSETS", assets)
  expect(await ensureBinaries(["etcd", "kubectl"])).toBe(assets)
})

test("what is missing is built once, by whoever asks first", async () => {
  vi.stubEnv("KUBEBUILDER_ASSETS", join(directory, "assets"))
  const asked = await Promise.all([ensureBinaries(["kubectl"]), ensureBinaries(["kubectl"])])
  expect(new Set(asked)).toEqual(new Set([join(directory, "cache", "postern", "kubernetes-1.34.4")]))
  expect(calls()).toHaveLength(1)
  expect(calls()[0]).toContain("-X k8s.io/component-base/version.gitVersion=v1.34.4")
  await ensureBinaries(["kubectl"])
  expect(calls()).toHaveLength(1)
  expect(readdirSync(asked[0])).toEqual(["kubectl"])
})

test("flanneld is built with C where its backend udp is in C, and its CNI plugin without", async () => {
  expect(readdirSync(await ensureBinaries(["flanneld", "flannel"])).toSorted()).toEqual([
    "flannel",
    "flanneld",
  ])
  expect(calls().map((call) => call.split(" ").at(-1))).toEqual([
    "github.com/flannel-io/flannel",
    "github.com/containernetworking/plugins/plugins/meta/flannel",
  ])
  expect(calls().join(" ")).not.toContain("k8s.io")
  const withC = readFileSync(join(directory, "calls-with-c"), "utf8").trim().split("\n")
  expect(withC).toEqual([process.arch === "x64" ? "1" : "0", "0"])
})

test("a build that fails leaves nothing, and the next one tries again", async () => {
  vi.stubEnv("GO_FAILS", "yes")
  await expect(ensureBinaries(["etcd"])).rejects.toThrow(/status 1/)
  vi.stubEnv("GO_FAILS", "")
  expect(readdirSync(await ensureBinaries(["etcd"]))).toEqual(["etcd"])
})

test("a lock of a process that is gone is nobody's", async () => {
  const cache = join(directory, "cache", "postern", "kubernetes-1.34.4")
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, "lock"), "999999999")
  expect(readdirSync(await ensureBinaries(["etcd"]))).toEqual(["etcd"])
})

const published = `module k8s.io/kubernetes

go 1.23.0

require (
	github.com/spf13/cobra v1.8.1
	k8s.io/api v0.0.0
	k8s.io/kube-proxy v0.0.0
)

replace (
	k8s.io/api => ./staging/src/k8s.io/api
	k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
)
`

test("the kube-apiserver of $POSTERN_KUBERNETES is built from its own go.mod, whatever $KUBEBUILDER_ASSETS holds", async () => {
  const assets = join(directory, "assets")
  for (const each of ["kube-apiserver", "kubectl", "etcd"]) program(join(assets, each), "")
  vi.stubEnv("KUBEBUILDER_ASSETS", assets)
  writeFileSync(join(directory, "published.mod"), published)
  vi.stubEnv("GO_MOD", join(directory, "published.mod"))
  vi.stubEnv("POSTERN_KUBERNETES", "1.32.13")
  const made = await ensureBinaries(["kube-apiserver", "kubectl", "etcd"])
  expect(made).toBe(join(directory, "cache", "postern", "kubernetes-1.32.13"))
  expect(readdirSync(made).toSorted()).toEqual(["etcd", "kube-apiserver", "kubectl", "module"])
  const [download, server, ...others] = calls()
  expect(download).toBe("mod download -json k8s.io/kubernetes@v1.32.13")
  expect(server).toMatch(/^build -mod=mod .*version\.gitVersion=v1\.32\.13 .*gitMinor=32 /)
  expect(others).toHaveLength(2)
  for (const each of others) expect(each).not.toMatch(/-mod=mod|=v1\.32\.13/)
  expect(readFileSync(join(made, "module", "go.mod"), "utf8")).toBe(`module postern.dev/tools/kubernetes

go 1.23.0

require (
	github.com/spf13/cobra v1.8.1
	k8s.io/api v0.0.0
	k8s.io/kube-proxy v0.0.0
)

replace (
	k8s.io/api => k8s.io/api v0.32.13
	k8s.io/kube-proxy => k8s.io/kube-proxy v0.32.13
)

require k8s.io/kubernetes v1.32.13
`)
})

test.for(["1.33", "v1.33.13", "2.0.0", "1.33.13/..", "1.34.0-rc.1", " "])(
  "$POSTERN_KUBERNETES that is no version is refused: %j",
  async (version) => {
    vi.stubEnv("POSTERN_KUBERNETES", version)
    await expect(ensureBinaries(["kubectl"])).rejects.toThrow(/^POSTERN_KUBERNETES is /)
    expect(readdirSync(join(directory, "cache"))).toEqual([])
  },
)
