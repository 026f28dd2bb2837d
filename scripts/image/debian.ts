// Debian packages of this machine's release, by its own apt sources, and the files in them.
//
// apt checks the archive's signature when it updates its lists; the lists hold the SHA-256 of each package, which is
// checked again here, since downloads are kept.

import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import type { FileEntry } from "./file-entry.ts"
import { ImageProblem } from "./problem.ts"
import { readTar } from "./tar.ts"

export interface DebianPackage {
  readonly name: string
  /** NAME_VERSION_ARCHITECTURE.deb */
  readonly file: string
  readonly entries: readonly FileEntry[]
}

const LARGEST_ARCHIVE_BYTES = 1024 ** 3

function cacheDirectory(): string {
  const directory = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "postern", "debian")
  mkdirSync(directory, { recursive: true })
  return directory
}

/** `names` and the shared libraries that they depend on, each with its files. */
export function debianPackages(names: readonly string[]): readonly DebianPackage[] {
  const missing = ["apt-get", "apt-cache", "dpkg-deb"].filter((each) => !canRun(each))
  if (missing.length > 0) {
    throw new ImageProblem(
      `needs ${missing.join(", ")}: build on Debian or Ubuntu, or use deploy/Containerfile`,
    )
  }
  if (dependenciesOf(names) === undefined && process.getuid?.() === 0) updateLists()
  const wanted = candidates(withLibraries(names))
  download(wanted.filter((each) => !isKept(each)))
  return wanted.map(unpacked)
}

function canRun(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined
}

/** Tools like dpkg that a library's package drags in for its maintainer scripts are left out. */
function withLibraries(names: readonly string[]): readonly string[] {
  const libraries = new Map<string, string[]>()
  let of = ""
  for (const line of (dependenciesOf(names) ?? "").split("\n")) {
    if (/^[^\s<]/.test(line)) of = line
    const [, dependency] = /^\s+\|?(?:Pre)?Depends: (z?lib[^\s<]+)$/.exec(line) ?? []
    if (dependency !== undefined) libraries.set(of, [...(libraries.get(of) ?? []), dependency])
  }
  const wanted = new Set(names)
  for (const name of wanted) for (const library of libraries.get(name) ?? []) wanted.add(library)
  return [...wanted].sort()
}

/** undefined where apt has no lists yet, or older ones without one of these. */
function dependenciesOf(names: readonly string[]): string | undefined {
  const options = { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } } as const
  const { status, stdout } = spawnSync(
    "apt-cache",
    ["depends", "--recurse", "--important", ...names],
    options,
  )
  return status === 0 ? stdout : undefined
}

function updateLists(): void {
  spawnSync("apt-get", ["update", "-qq"], { stdio: "ignore" })
}

interface Candidate {
  readonly name: string
  readonly file: string
  readonly digest: string
}

/** The versions that apt would install. */
function candidates(names: readonly string[]): readonly Candidate[] {
  const found = knownCandidates(names)
  const missing = names.filter((name) => found.every((each) => each.name !== name))
  if (missing.length === 0) return found
  throw new ImageProblem(`apt knows no package ${missing.join(", ")}: as root, apt-get update`)
}

function knownCandidates(names: readonly string[]): readonly Candidate[] {
  const printed = spawnSync("apt-get", ["download", "--print-uris", ...names], { encoding: "utf8" })
  return [...printed.stdout.matchAll(/^'[^']*' (([^_\s]+)_\S+) \d+ SHA256:([0-9a-f]{64})$/gm)].map(
    ([, file = "", name = "", digest = ""]) => ({ name, file, digest }),
  )
}

function unpacked({ name, file }: Candidate): DebianPackage {
  const path = join(cacheDirectory(), file)
  const archive = execFileSync("dpkg-deb", ["--fsys-tarfile", path], { maxBuffer: LARGEST_ARCHIVE_BYTES })
  return { name, file, entries: readTar(archive) }
}

function isKept({ file, digest }: Candidate): boolean {
  const path = join(cacheDirectory(), file)
  return existsSync(path) && sha256(path) === digest
}

function download(wanted: readonly Candidate[]): void {
  if (wanted.length === 0) return
  const directory = mkdtempSync(join(cacheDirectory(), "part-"))
  try {
    // apt's own user for downloads may not be able to write here.
    const args = ["-q", "-o", "APT::Sandbox::User=root", "download", ...wanted.map(({ name }) => name)]
    const { stderr } = spawnSync("apt-get", args, { cwd: directory, encoding: "utf8" })
    for (const { file, digest } of wanted) {
      const arrived = join(directory, file)
      if (!existsSync(arrived)) throw new ImageProblem(`cannot download ${file}: ${stderr.trim()}`)
      if (sha256(arrived) !== digest) throw new ImageProblem(`${file} is not what apt's lists say`)
      renameSync(arrived, join(cacheDirectory(), file))
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex")
}
