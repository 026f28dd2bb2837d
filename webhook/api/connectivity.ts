// Who can reach whom on what in a namespace, for somebody who may not see everything.

import type { ClusterView } from "../../src/analysis/cluster-view.ts"
import { connectionText } from "../../src/analysis/connection-set.ts"
import { type Connectivity, type ConnectivityLine, connectivity } from "../../src/analysis/connectivity.ts"
import { type AnalysisEnd, endText, type RangeEnd } from "../../src/analysis/end.ts"
import { diagnostic, shown } from "../../src/api/report.ts"
import { parseAddress } from "../../src/explain/address.ts"
import type { AccessReviews, UserInfo } from "../../src/kubernetes/access-review.ts"
import type { Turns } from "../turns.ts"
import { type Failure, mistaken } from "./status.ts"

export interface ConnectivityContext {
  readonly view: ClusterView
  readonly reviews: AccessReviews
  readonly turns: Turns
  /** Milliseconds of the event loop for one question. */
  readonly workMs?: number
}

export interface ConnectivityAnswer {
  readonly lines: readonly { readonly src: string; readonly dst: string; readonly conn: string }[]
  /** Lines from or to namespaces in which the asker may not list pods. */
  readonly hidden: number
  readonly notes: readonly string[]
}

export type Connected =
  | { readonly ok: true; readonly value: ConnectivityAnswer }
  | { readonly ok: false; readonly failure: Failure }

/** Other requests wait for as long. */
const MOST_MS = 500
const MOST_LINES = 50_000

/** Of one namespace, or with "" of all: who asks for all must see all. */
export async function connectivityOf(
  namespace: string,
  user: UserInfo,
  { view, reviews, turns, workMs = MOST_MS }: ConnectivityContext,
): Promise<Connected> {
  const seesAll = await reviews.mayListPods(user, "")
  if (!seesAll && !(namespace !== "" && (await reviews.mayListPods(user, namespace)))) {
    const value = namespace === "" ? "the connectivity of all namespaces" : "its connectivity"
    const what = namespace === "" ? "all" : shown(namespace)
    return failed(mistaken(403, [diagnostic("hiddenNamespace", { value, namespace: what })]))
  }
  const until = performance.now() + workMs
  const deadline = { expired: () => performance.now() > until }
  const focus = (end: { readonly namespace: string }) => namespace === "" || end.namespace === namespace
  const found = await turns.take(() => connectivity(view, { focus, deadline, ownNodes: false }))
  if (!found.complete || found.lines.length > MOST_LINES)
    return failed(mistaken(504, [diagnostic("questionTooLong", {})]))
  if (seesAll) return { ok: true, value: told(found.lines, found, 0) }
  const mayName = await reviews.namesFor(user, found.lines.flatMap(namespacesOf))
  const lines = found.lines.filter((line) => namespacesOf(line).every((each) => mayName(each)))
  return { ok: true, value: told(mergedRanges(lines), { notes: [] }, found.lines.length - lines.length) }
}

function told(
  lines: readonly ConnectivityLine[],
  { notes }: Pick<Connectivity, "notes">,
  hidden: number,
): ConnectivityAnswer {
  return {
    lines: lines.map(({ source, destination, connections }) => ({
      src: endText(source),
      dst: endText(destination),
      conn: connectionText(connections),
    })),
    hidden,
    notes,
  }
}

/** Ranges end where a policy's block does, whosever it is: those that are alike here are one. */
function mergedRanges(lines: readonly ConnectivityLine[]): readonly ConnectivityLine[] {
  const groups = Map.groupBy(lines, ({ source, destination, connections }) =>
    JSON.stringify([keyOf(source), keyOf(destination), connectionText(connections)]),
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const ranges = group.flatMap(({ source, destination }) =>
      [source, destination].filter((end) => end.kind === "range"),
    )
    if (ranges.length !== group.length) return group
    return mergedNeighbours(ranges).map((range) =>
      first.source.kind === "range" ? { ...first, source: range } : { ...first, destination: range },
    )
  })
}

function keyOf(end: AnalysisEnd): string {
  return end.kind === "range" ? (parseAddress(end.from)?.family ?? "") : endText(end)
}

function mergedNeighbours(ranges: readonly RangeEnd[]): readonly RangeEnd[] {
  const merged: RangeEnd[] = []
  for (const range of ranges.toSorted((a, b) => (valueOf(a.from) < valueOf(b.from) ? -1 : 1))) {
    const last = merged.at(-1)
    if (last === undefined || valueOf(last.to) + 1n !== valueOf(range.from)) merged.push(range)
    else merged[merged.length - 1] = { ...last, to: range.to }
  }
  return merged
}

function valueOf(address: string): bigint {
  return parseAddress(address)?.value ?? 0n
}

function namespacesOf({ source, destination }: ConnectivityLine): readonly string[] {
  return [source, destination].flatMap((end) => ("namespace" in end ? [end.namespace] : []))
}

function failed(failure: Failure): Connected {
  return { ok: false, failure }
}
