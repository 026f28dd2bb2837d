// The lowest layers of the image: the programs that the agent runs, the shared libraries that they and Node
// need, the few files that those read, and Node itself. No shell, no package manager.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { type DebianPackage, debianPackages } from "./debian.ts"
import { needsOf, withoutSections } from "./elf.ts"
import { directory, type FileEntry, file, link } from "./file-entry.ts"
import { ImageProblem } from "./problem.ts"

/** Program -> its package. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "usr/sbin/nft": "nftables",
  "usr/sbin/conntrack": "conntrack",
  "usr/sbin/ip": "iproute2",
  "usr/sbin/tc": "iproute2",
  "usr/bin/perl": "perl-base",
  "usr/bin/cat": "coreutils",
  "usr/bin/sleep": "coreutils",
}

/** Of packages for their data; the C++ library for Node. */
const OTHER_PACKAGES = ["netbase", "libc6", "libstdc++6", "libgcc-s1"]

/** nft reads names of protocols. Perl's modules, without its Unicode tables. */
const DATA: readonly RegExp[] = [
  /^etc\/protocols$/,
  /^usr\/lib\/[^/]+\/perl-base\/(?!unicore\/)/,
  /^(etc|usr\/share)\/iproute2\//,
]

export interface RootFileSystem {
  readonly debian: readonly FileEntry[]
  readonly node: readonly FileEntry[]
  /** Files of the packages, for the image's label. */
  readonly packages: readonly string[]
}

export function rootFileSystem(root: string): RootFileSystem {
  const nodeBinary = readFileSync(join(root, "node_modules/node/bin/node"))
  const packages = debianPackages([...new Set([...Object.values(PROGRAMS), ...OTHER_PACKAGES])])
  const chosen = new Chosen(packages)
  for (const path of Object.keys(PROGRAMS)) chosen.take(path)
  for (const path of chosen.paths()) if (DATA.some((data) => data.test(path))) chosen.take(path)
  chosen.takeNeedsOf(nodeBinary)
  const node = [file("usr/bin/node", withoutSections(nodeBinary), 0o755)]
  return { debian: [...skeleton(), ...chosen.entries()], node, packages: chosen.packageFiles() }
}

/** Files taken out of packages, with what they need. */
class Chosen {
  readonly #offered = new Map<string, { readonly entry: FileEntry; readonly from: DebianPackage }>()
  readonly #taken = new Map<string, FileEntry>()
  readonly #packages = new Set<DebianPackage>()

  constructor(packages: readonly DebianPackage[]) {
    for (const from of packages) {
      for (const entry of from.entries) {
        const path = merged(entry.path)
        if (entry.kind !== "directory") this.#offered.set(path, { entry: { ...entry, path }, from })
      }
    }
  }

  paths(): Iterable<string> {
    return this.#offered.keys()
  }

  take(path: string): void {
    if (this.#taken.has(path)) return
    const offered = this.#offered.get(path)
    if (offered === undefined) throw new ImageProblem(`none of the Debian packages holds ${path}`)
    this.#taken.set(path, offered.entry)
    this.#packages.add(offered.from)
    if (offered.entry.kind === "link") this.take(targetOf(path, offered.entry.target))
    if (offered.entry.kind === "file") this.takeNeedsOf(offered.entry.content)
  }

  takeNeedsOf(content: Buffer): void {
    const needs = needsOf(content)
    if (needs === undefined) return
    if (needs.interpreter !== "") this.take(merged(needs.interpreter.slice(1)))
    for (const library of needs.libraries) this.take(this.#library(library))
  }

  /** Licences go with the files. */
  entries(): readonly FileEntry[] {
    const licences = [...this.#packages].flatMap(({ name }) => {
      const offered = this.#offered.get(`usr/share/doc/${name}/copyright`)
      return offered === undefined ? [] : [resolvedLicence(offered.entry, this.#offered)]
    })
    return [...this.#taken.values(), ...licences]
  }

  packageFiles(): readonly string[] {
    return [...this.#packages].map((each) => decodeURIComponent(each.file.replace(/\.deb$/, ""))).sort()
  }

  #library(name: string): string {
    const suffix = `/${name}`
    for (const path of this.#offered.keys()) {
      if (path.endsWith(suffix) && /^usr\/lib(64|\/[^/]+)\/[^/]+$/.test(path)) return path
    }
    throw new ImageProblem(`none of the Debian packages holds the shared library ${name}`)
  }
}

/** Some packages link to the licence of another. */
function resolvedLicence(
  entry: FileEntry,
  offered: ReadonlyMap<string, { readonly entry: FileEntry }>,
): FileEntry {
  if (entry.kind !== "link") return entry
  const target = offered.get(targetOf(entry.path, entry.target))?.entry
  return target?.kind === "file" ? { ...target, path: entry.path } : entry
}

/** Debian's packages of before 13 still name /lib and /sbin, which are links into /usr in every release since 12. */
function merged(path: string): string {
  return path.replace(/^(bin|sbin|lib|lib64)\//, "usr/$1/")
}

function targetOf(path: string, target: string): string {
  if (target.startsWith("/")) return merged(target.slice(1))
  return merged(join(path, "..", target))
}

const IDS = "65532"

function skeleton(): readonly FileEntry[] {
  const passwd = `root:x:0:0:root:/:/nonexistent\nnonroot:x:${IDS}:${IDS}:nonroot:/:/nonexistent\n`
  return [
    ...["bin", "sbin", "lib", "lib64"].map((name) => link(name, `usr/${name}`)),
    ...["dev", "proc", "sys", "run", "var/lib"].map((name) => directory(name)),
    ...["usr/bin", "usr/sbin", "usr/lib", "usr/lib64"].map((name) => directory(name)),
    directory("tmp", 0o1777),
    file("etc/passwd", passwd),
    file("etc/group", `root:x:0:\nnonroot:x:${IDS}:\n`),
    file("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\n"),
  ]
}
