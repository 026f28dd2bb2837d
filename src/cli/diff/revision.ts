// The manifests of a Git revision, read into memory: the working tree stays as it is.

import { realpathSync } from "node:fs"
import { relative, resolve, sep } from "node:path"
import { diagnostic, shown } from "../../api/report.ts"
import { bad, type Checked, good } from "../../explain/checked.ts"
import { git, readBlobs } from "./git.ts"

const MiB = 1024 * 1024
const MOST_BYTES = 256 * MiB

export interface Repository {
  /** Its top directory. */
  readonly top: string
  /** What the user named, from the top: "deploy"; "" is everything. */
  readonly paths: readonly string[]
}

export async function openRepository(
  directory: string,
  paths: readonly string[],
): Promise<Checked<Repository>> {
  const answer = await git(directory, ["rev-parse", "--show-toplevel"])
  if (!answer.ok) return bad(diagnostic("notInRepository", { value: shown(directory), why: answer.why }))
  const top = answer.output.replace(/\r?\n$/, "")
  const base = realpathSync(directory)
  const fromTop = paths.map((path) => relative(top, resolve(base, path)).split(sep).join("/"))
  const outside = paths.filter((_, i) => fromTop[i] === ".." || fromTop[i]?.startsWith("../"))
  if (outside.length > 0) {
    return bad(
      ...outside.map((path) =>
        diagnostic("outsideRepository", { value: shown(path), repository: shown(top) }),
      ),
    )
  }
  return good({ top, paths: fromTop })
}

/** The commit that a revision is: a branch, a tag, "HEAD~2". */
export async function commitOf({ top }: Repository, revision: string): Promise<Checked<string>> {
  const words = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`]
  const answer = await git(top, words)
  if (answer.ok) return good(answer.output.trim())
  return bad(diagnostic("unknownRevision", { value: shown(revision), shallow: await whetherShallow(top) }))
}

/** Two commits that are compared, as they were named and as Git knows them. */
export interface CommitPair {
  readonly before: string
  readonly after: string
  readonly names: { readonly before: string; readonly after: string }
}

/** Where both commits came from. */
export async function mergeBaseOf(
  { top }: Repository,
  { before, after, names }: CommitPair,
): Promise<Checked<string>> {
  const answer = await git(top, ["merge-base", before, after])
  if (answer.ok) return good(answer.output.trim())
  const values = { before: shown(names.before), after: shown(names.after) }
  return bad(diagnostic("noCommonCommit", { ...values, shallow: await whetherShallow(top) }))
}

/** A clone that CI made often has one commit only: what is missing is not missing elsewhere. */
async function whetherShallow(top: string): Promise<string> {
  const answer = await git(top, ["rev-parse", "--is-shallow-repository"])
  if (!answer.ok || answer.output.trim() !== "true") return ""
  return "; this is a shallow clone: git fetch --unshallow, or fetch-depth: 0 in CI, brings the rest"
}

export interface RevisionToRead {
  readonly commit: string
  /** As it was named, for messages: main. */
  readonly revision: string
  /** Of all manifests together, in memory. */
  readonly mostBytes?: number
}

/** By the name that git show takes: "main:deploy/web.yaml". Symbolic links and submodules are not followed. */
export async function readRevision(
  { top, paths }: Repository,
  { commit, revision, mostBytes = MOST_BYTES }: RevisionToRead,
): Promise<Checked<ReadonlyMap<string, Uint8Array>>> {
  const pathspecs = paths.filter((path) => path !== "")
  const wanted = pathspecs.length < paths.length ? [] : pathspecs
  const listing = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--"]
  const listed = await git(top, ["--literal-pathspecs", ...listing, ...wanted])
  if (!listed.ok) throw Object.assign(new Error(`git ls-tree: ${listed.why}`), { code: "EIO" })
  const files = entriesOf(listed.output).filter(({ path }) => isManifest(path, paths))
  const size = files.reduce((total, each) => total + each.size, 0)
  if (size > mostBytes) {
    const values = { value: shown(revision), size: Math.ceil(size / MiB), limit: Math.floor(mostBytes / MiB) }
    return bad(diagnostic("revisionTooLarge", values))
  }
  const contents = await readBlobs(
    top,
    files.map(({ object }) => object),
  )
  return good(namedContents(revision, files, contents))
}

function namedContents(
  revision: string,
  files: readonly Entry[],
  contents: readonly Uint8Array[],
): ReadonlyMap<string, Uint8Array> {
  const named = new Map<string, Uint8Array>()
  for (const [i, { path }] of files.entries()) {
    // Whoever wrote the branch has chosen the characters: they must not steer a terminal, nor make two files one.
    let name = `${revision}:${path.replace(/\p{C}/gu, (character) => encodeURIComponent(character))}`
    while (named.has(name)) name = `${name}~`
    named.set(name, contents[i] ?? new Uint8Array())
  }
  return named
}

interface Entry {
  readonly object: string
  readonly size: number
  readonly path: string
}

/** Regular files of "MODE blob OBJECT SIZE\tPATH\0". */
function entriesOf(output: string): readonly Entry[] {
  return Array.from(output.matchAll(/(\d+) blob (\S+) +(\d+)\t([^\0]+)\0/g)).flatMap(
    ([, mode = "", object = "", size = "", path = ""]) =>
      mode.startsWith("100") ? [{ object, size: Number(size), path }] : [],
  )
}

/** The same files that -f finds on the disk. */
function isManifest(path: string, named: readonly string[]): boolean {
  return named.some((directory) => {
    if (path === directory) return true
    if (directory !== "" && !path.startsWith(`${directory}/`)) return false
    const segments = path.slice(directory === "" ? 0 : directory.length + 1).split("/")
    const isSkipped = segments.some((each) => each.startsWith(".") || each === "node_modules")
    return !isSkipped && /\.(ya?ml|json)$/i.test(path)
  })
}
