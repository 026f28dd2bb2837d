// Which two things a command line wants compared.

/** What there is on the disk now; no name of a revision has a space. */
export const WORKING_TREE = "working tree"

export interface Revisions {
  readonly before: string
  /** For people: with the merge base it is not the revision that was named. */
  readonly beforeName: string
  readonly after: string
  /** A...B: what B has changed since it left A. */
  readonly isMergeBase: boolean
}

/** REV, REV..REV or REV...REV, as git diff takes them; an end that is left out is HEAD. */
export function readRevisionRange(text: string): Revisions {
  const [, before = "", dots, after = ""] = /^(.*?)(?:(\.{2,3})(.*))?$/s.exec(text) ?? []
  if (dots === undefined) {
    return { before: text, beforeName: text, after: WORKING_TREE, isMergeBase: false }
  }
  const ends = { before: before || "HEAD", after: after || "HEAD" }
  const isMergeBase = dots === "..."
  return { ...ends, beforeName: isMergeBase ? `${ends.before}...` : ends.before, isMergeBase }
}

export interface DiffWords {
  readonly old?: string | undefined
  readonly new?: string | undefined
  readonly git?: string
  readonly file?: readonly string[]
  readonly prune?: true
}

export type Asked =
  | { readonly ask: "directories"; readonly before: string; readonly after: string }
  | { readonly ask: "revisions"; readonly revisions: Revisions; readonly paths: readonly string[] }
  | { readonly ask: "cluster"; readonly file: readonly string[]; readonly prune: boolean }
  | { readonly ask: "nothing"; readonly why: string }

export function asked({ old, new: is, git, file, prune }: DiffWords): Asked {
  const nothing = (why: string): Asked => ({ ask: "nothing", why })
  if (prune === true && (file === undefined || git !== undefined || old !== undefined)) {
    return nothing("--prune goes with -f alone: it is about policies of the cluster")
  }
  if (git !== undefined) {
    if (old !== undefined) return nothing("with --git the directories to compare are named with -f")
    return { ask: "revisions", revisions: readRevisionRange(git), paths: file ?? ["."] }
  }
  if (old !== undefined) {
    if (file !== undefined) return nothing("either OLD and NEW, or -f to compare with the cluster")
    if (is === undefined) return nothing("NEW is missing: postern diff OLD NEW")
    return { ask: "directories", before: old, after: is }
  }
  if (file !== undefined) return { ask: "cluster", file, prune: prune === true }
  return nothing("nothing to compare: OLD NEW, --git REVISION, or -f PATH for the cluster")
}
