// The images that the rig's pods run, as archives that `ctr images import` reads.

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { archiveOf } from "../../../scripts/image/archive.ts"
import { directory, type FileEntry, file, link } from "../../../scripts/image/file-entry.ts"

/** What holds a pod's namespaces open. */
export const PAUSE_IMAGE = "postern.test/pause:1"
/** agnhost, and a busybox shell beside it. */
export const POD_IMAGE = "postern.test/pod:1"

const BUSYBOX = "/usr/bin/busybox"
const APPLETS = ["sh", "cat", "ip", "ls", "nc", "ping", "sleep", "wget", "hostname"]

interface RigImage {
  readonly reference: string
  readonly entrypoint: readonly string[]
  readonly entries: readonly FileEntry[]
}

/** The archives, made once a directory. */
export function makeImages(images: string, binaries: string): readonly string[] {
  const shell = [program("bin/busybox", BUSYBOX), ...APPLETS.map((name) => link(`bin/${name}`, "busybox"))]
  // containerd ends a sandbox with SIGKILL, so that its process need not know how.
  const pause = { reference: PAUSE_IMAGE, entrypoint: ["/bin/sleep", "2147483647"], entries: shell }
  const agnhost = program("agnhost", join(binaries, "agnhost"))
  const entries = [directory("tmp", 0o1777), agnhost, ...shell]
  const pod = { reference: POD_IMAGE, entrypoint: ["/agnhost"], entries }
  return [pause, pod].map((image, i) => {
    const archive = join(images, `image-${i}.tar`)
    if (!existsSync(archive)) writeArchive(archive, image)
    return archive
  })
}

function writeArchive(path: string, { reference, entrypoint, entries }: RigImage): void {
  const { content } = archiveOf({
    reference,
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    labels: {},
    environment: { PATH: "/bin:/" },
    entrypoint,
    layers: [{ name: "files", entries }],
  })
  writeFileSync(`${path}.part`, content)
  renameSync(`${path}.part`, path)
}

function program(path: string, source: string): FileEntry {
  return file(path, readFileSync(source), 0o755)
}
