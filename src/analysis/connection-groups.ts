// Pairs that change alike, told together: everybody who loses one destination, or all that one source loses.

import type { ImpactEnd, ImpactReport } from "../api/impact-report.ts"

export type ConnectionChange = ImpactReport["appearing"]["listed"][number]

/** Of sources or of destinations there is one. */
export interface ConnectionGroup {
  readonly sources: readonly ImpactEnd[]
  readonly destinations: readonly ImpactEnd[]
  /** What they have in common. */
  readonly change: ConnectionChange
  /** Who decides for all of them; where nobody does, for the first. */
  readonly reasons: readonly string[]
}

/** The largest groups that can be made, in the order of their first pairs; each pair is in one. */
export function connectionGroups(listed: readonly ConnectionChange[]): readonly ConnectionGroup[] {
  const candidates = [
    ...Map.groupBy(listed.keys(), (i) => keyOf(listed[i], "destination")).values(),
    ...Map.groupBy(listed.keys(), (i) => keyOf(listed[i], "source")).values(),
  ].map((members) => new Set(members))
  const chosen: ReadonlySet<number>[] = []
  let left = listed.length
  while (left > 0) {
    const largest = candidates.reduce((best, each) => (each.size > best.size ? each : best))
    const taken = new Set(largest)
    for (const each of candidates) for (const member of taken) each.delete(member)
    chosen.push(taken)
    left -= taken.size
  }
  return chosen
    .toSorted((a, b) => Math.min(...a) - Math.min(...b))
    .flatMap((members) => groupOf([...members].flatMap((i) => listed[i] ?? [])))
}

export function impactEndText(end: ImpactEnd): string {
  return "range" in end ? end.range : `${end.namespace}/${end.name}[${end.kind}]`
}

/** "a, b and 3 more" */
export function endsText(ends: readonly ImpactEnd[], most: number): string {
  const names = ends.map(impactEndText)
  if (names.length <= most) return names.join(", ")
  return `${names.slice(0, most - 1).join(", ")} and ${(names.length - most + 1).toLocaleString("en-US")} more`
}

/** "All Connections but TCP 443", where that is what TCP 1-442,444-65535,UDP 1-65535,SCTP 1-65535 means. */
export function changedText({ before, after, changed }: ConnectionChange): string {
  const all = "All Connections"
  const rest = before === all ? after : after === all ? before : ""
  return rest === "" ? changed : `${all} but ${rest}`
}

function keyOf(each: ConnectionChange | undefined, side: "source" | "destination"): string {
  if (each === undefined) return ""
  const { before, after, changed, dns } = each
  return JSON.stringify([side, impactEndText(each[side]), before, after, changed, dns])
}

function groupOf(members: readonly ConnectionChange[]): readonly ConnectionGroup[] {
  const [change] = members
  if (change === undefined) return []
  const all = members.map(({ decidedBy }) => new Set(decidedBy.split("; ")))
  const own = change.decidedBy.split("; ").filter((reason) => reason !== "")
  const common = own.filter((reason) => all.every((reasons) => reasons.has(reason)))
  return [
    {
      sources: distinctEnds(members.map(({ source }) => source)),
      destinations: distinctEnds(members.map(({ destination }) => destination)),
      change,
      reasons: common.length > 0 ? common : own,
    },
  ]
}

export function distinctEnds(ends: readonly ImpactEnd[]): readonly ImpactEnd[] {
  return [...new Map(ends.map((end) => [impactEndText(end), end])).values()]
}
