// The images that the rig's pods run, as archives in docker's format, which `ctr images import` reads.

import { createHash } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type TarEntry, tar } from "./tar.ts"

/** What holds a pod's namespaces open. */
export const PAUSE_IMAGE = "postern.test/pause:1"
/** agnhost, and a busybox shell beside it. */
export const POD_IMAGE = "postern.test/pod:1"

const BUSYBOX = "/usr/bin/busybox"
const APPLETS = ["sh", "cat", "ip", "ls", "nc", "ping", "sleep", "wget", "hostname"]

/** The archives, made once a directory. */
export function makeImages(directory: string, binaries: string): readonly string[] {
  const shell = [directoryEntry("bin"), fileEntry("bin/busybox", BUSYBOX), ...APPLETS.map(applet)]
  // containerd ends a sandbox with SIGKILL, so that its process need not know how.
  const pause = { reference: PAUSE_IMAGE, entrypoint: ["/bin/sleep", "2147483647"], entries: shell }
  const folders = [directoryEntry("tmp", 0o1777), directoryEntry("etc")]
  const agnhost = fileEntry("agnhost", join(binaries, "agnhost"))
  const pod = { reference: POD_IMAGE, entrypoint: ["/agnhost"], entries: [...folders, agnhost, ...shell] }
  return [pause, pod].map((image, i) => {
    const file = join(directory, `image-${i}.tar`)
    if (!existsSync(file)) writeArchive(file, image)
    return file
  })
}

interface Image {
  readonly reference: string
  readonly entrypoint: readonly string[]
  readonly entries: readonly TarEntry[]
}

function writeArchive(file: string, { reference, entrypoint, entries }: Image): void {
  const layer = tar(entries)
  const config = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Entrypoint: entrypoint, Env: ["PATH=/bin:/"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
  })
  const configFile = `${sha256(config)}.json`
  const manifest = JSON.stringify([{ Config: configFile, RepoTags: [reference], Layers: ["layer.tar"] }])
  const archive = tar([
    dataEntry(configFile, Buffer.from(config), 0o644),
    dataEntry("layer.tar", layer, 0o644),
    dataEntry("manifest.json", Buffer.from(manifest), 0o644),
  ])
  writeFileSync(`${file}.part`, archive)
  renameSync(`${file}.part`, file)
}

const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex")

function dataEntry(path: string, data: Buffer, mode = 0o755): TarEntry {
  return { path, mode, content: { kind: "file", data } }
}

const fileEntry = (path: string, source: string): TarEntry => dataEntry(path, readFileSync(source))

function directoryEntry(path: string, mode = 0o755): TarEntry {
  return { path: `${path}/`, mode, content: { kind: "directory" } }
}

function applet(name: string): TarEntry {
  return { path: `bin/${name}`, mode: 0o777, content: { kind: "link", target: "busybox" } }
}
