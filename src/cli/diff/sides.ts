// The two sides of a comparison: directories, Git revisions, or the cluster as it is and as it would be.

import { existsSync } from "node:fs"
import type { Diagnostic } from "../../api/diagnostic.ts"
import { diagnostic, shown } from "../../api/report.ts"
import { bad, type Checked, good } from "../../explain/checked.ts"
import { type Input, type InputOptions, readGivenInput, readInput, readInputOrCluster } from "../input.ts"
import { type Outcome, refused } from "../outcome.ts"
import { count } from "../text-layout.ts"
import { type Applied, appliedSnapshot } from "./applied.ts"
import { type Revisions, WORKING_TREE } from "./asked.ts"
import { commitOf, mergeBaseOf, openRepository, type Repository, readRevision } from "./revision.ts"

export interface Side {
  readonly label: string
  readonly input: Input
}

export interface Sides {
  readonly before: Side
  readonly after: Side
  readonly notes: readonly Diagnostic[]
}

export type ReadSides =
  | { readonly ok: true; readonly value: Sides }
  | { readonly ok: false; readonly outcome: Outcome }

export function readDirectories(before: string, after: string, namespace: string): ReadSides {
  const read = [before, after].map((path) => ({ label: path, input: readInput([path], namespace) }))
  return sidesOf(read)
}

export interface RevisionsToRead {
  readonly revisions: Revisions
  readonly paths: readonly string[]
  readonly namespace: string
}

export async function readRevisions({ revisions, paths, namespace }: RevisionsToRead): Promise<ReadSides> {
  const opened = await openRepository(process.cwd(), paths)
  if (!opened.ok) return refusal(opened.diagnostics)
  const repository = opened.value
  const commits = await commitsOf(repository, revisions)
  if (!commits.ok) return refusal(commits.diagnostics)
  const { before, after } = commits.value
  const old = await readRevision(repository, { commit: before, revision: revisions.beforeName })
  if (!old.ok) return refusal(old.diagnostics)
  const isWorkingTree = after === WORKING_TREE
  const is = isWorkingTree
    ? undefined
    : await readRevision(repository, { commit: after, revision: revisions.after })
  if (is?.ok === false) return refusal(is.diagnostics)
  const onDisk = paths.filter((path) => existsSync(path))
  const isEmpty = old.value.size === 0 && (is === undefined ? onDisk.length === 0 : is.value.size === 0)
  if (isEmpty) {
    const values = { value: paths.join(", "), old: revisions.beforeName, new: revisions.after }
    return refusal([diagnostic("pathInNoRevision", values)])
  }
  return sidesOf([
    { label: revisions.beforeName, input: readGivenInput(old.value, namespace) },
    {
      label: revisions.after,
      input:
        is === undefined && onDisk.length > 0
          ? readInput(onDisk, namespace)
          : readGivenInput(is?.value ?? new Map(), namespace),
    },
  ])
}

type Commits = Readonly<Record<"before" | "after", string>>

/** What is missing on both ends is told at once. */
async function commitsOf(
  repository: Repository,
  { before, after, isMergeBase }: Revisions,
): Promise<Checked<Commits>> {
  const old = await commitOf(repository, before)
  const is: Checked<string> = after === WORKING_TREE ? good(WORKING_TREE) : await commitOf(repository, after)
  if (!old.ok) return is.ok ? old : bad(...old.diagnostics, ...is.diagnostics)
  if (!is.ok) return is
  const pair = { before: old.value, after: is.value }
  if (!isMergeBase) return good(pair)
  const base = await mergeBaseOf(repository, { ...pair, names: { before, after } })
  return base.ok ? good({ before: base.value, after: is.value }) : base
}

export interface ClusterToCompare extends InputOptions {
  readonly file: readonly string[]
  readonly prune: boolean
}

/** The cluster, and the cluster with the policies of the files. */
export async function readAgainstCluster(options: ClusterToCompare): Promise<ReadSides> {
  const files = readInput(options.file, options.namespace)
  if (!files.ok) return files
  const { file, ...asCluster } = options
  const cluster = await readInputOrCluster(asCluster)
  if (!cluster.ok) return cluster
  const { snapshot, ...rest } = files.value
  const applied: Applied = { cluster: cluster.value.snapshot, files: snapshot, prune: options.prune }
  const others = snapshot.pods.length + snapshot.services.length + snapshot.nodes.length
  const notes = others === 0 ? [] : [diagnostic("notCompared", { count: count(others, "object") })]
  const { enforcement, assertions } = cluster.value
  return {
    ok: true,
    value: {
      before: { label: "the cluster", input: cluster.value },
      after: {
        label: file.join(", "),
        input: {
          ...rest,
          enforcement,
          snapshot: appliedSnapshot(applied),
          assertions: [...assertions, ...files.value.assertions],
        },
      },
      notes: [...cluster.value.warnings, ...notes],
    },
  }
}

interface ReadSide {
  readonly label: string
  readonly input: ReturnType<typeof readInput>
}

/** Errors of both sides are told at once. */
function sidesOf(read: readonly ReadSide[]): ReadSides {
  const failed = read.flatMap(({ input }) => (input.ok ? [] : [input.outcome]))
  if (failed.length > 0) {
    const sourceLine: NonNullable<Outcome["sourceLine"]> = (position) =>
      failed.map((each) => each.sourceLine?.(position)).find((line) => line !== undefined)
    return { ok: false, outcome: { ...refused(failed.flatMap((each) => each.diagnostics)), sourceLine } }
  }
  const [before, after] = read.flatMap(({ label, input }) =>
    input.ok ? [{ label, input: input.value }] : [],
  )
  if (before === undefined || after === undefined) throw new Error(`two sides: ${shown(read.length)}`)
  return { ok: true, value: { before, after, notes: [] } }
}

function refusal(diagnostics: readonly Diagnostic[]): ReadSides {
  return { ok: false, outcome: refused(diagnostics) }
}
