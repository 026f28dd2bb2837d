// Many ends in few words: "every other workload but shop/db[StatefulSet]", "10.0.0.0/8".

import type { AnalysisEnd, RangeEnd, WorkloadEnd } from "../analysis/end.ts"
import { endText } from "../analysis/end.ts"
import { printable } from "../analysis/printable.ts"
import {
  type Address,
  familyOf,
  formatAddress,
  parseAddress,
  prefixLengthOf,
} from "../compile/address-ranges.ts"

/** Fewer are told by name. */
const LEAST_OF_ALL = 3
/** From so many on it is shorter to tell who is missing. */
const LEAST_WITH_EXCEPTIONS = 6
const MOST_EXCEPTIONS = 2

export interface Everybody {
  /** All that could be among the ends. */
  readonly workloads: readonly WorkloadEnd[]
  /** What all of them are called: "every other workload". */
  readonly every: string
}

export function endsInWords(ends: readonly AnalysisEnd[], everybody: Everybody): readonly string[] {
  const workloads = ends.filter((end) => end.kind === "workload")
  const ranges = ends.filter((end) => end.kind === "range")
  return [...workloadsInWords(workloads, everybody), ...rangesInWords(ranges)]
}

function workloadsInWords(
  workloads: readonly WorkloadEnd[],
  { workloads: others, every }: Everybody,
): readonly string[] {
  const whole = allInWords(workloads, others, every)
  if (whole !== undefined) return [whole]
  const all = Map.groupBy(others, ({ namespace }) => namespace)
  return [...Map.groupBy(workloads, ({ namespace }) => namespace)].flatMap(([namespace, found]) => {
    const words = allInWords(found, all.get(namespace) ?? [], `${every} of ${printable(namespace)}`)
    return words === undefined ? found.map(nameOf) : [words]
  })
}

function allInWords(
  found: readonly WorkloadEnd[],
  all: readonly WorkloadEnd[],
  words: string,
): string | undefined {
  const missing = all.length - found.length
  if (found.length < LEAST_OF_ALL || missing > MOST_EXCEPTIONS) return undefined
  if (missing === 0) return words
  if (found.length < LEAST_WITH_EXCEPTIONS) return undefined
  const present = new Set(found)
  return `${words} but ${all
    .filter((each) => !present.has(each))
    .map(nameOf)
    .join(" and ")}`
}

export function nameOf(end: AnalysisEnd): string {
  return printable(endText(end))
}

/** Neighbours joined; "every address" where nothing is left out. */
export function rangesInWords(ranges: readonly RangeEnd[]): readonly string[] {
  const joined = joinedRanges(ranges)
  const words = joined.map(({ from, to }) => {
    const length = prefixLengthOf({ from, to })
    if (length === 0) return familyOf(from) === "IPv4" ? "every IPv4 address" : "every IPv6 address"
    return length === undefined ? `${from}-${to}` : `${from}/${length}`
  })
  return words.length === 2 && words.every((each) => each.startsWith("every")) ? ["every address"] : words
}

function joinedRanges(ranges: readonly RangeEnd[]): readonly RangeEnd[] {
  const joined: RangeEnd[] = []
  for (const next of ranges.toSorted((a, b) => (isBefore(a.from, b.from) ? -1 : 1))) {
    const last = joined.at(-1)
    if (last !== undefined && addressAfter(last.to) === next.from) {
      joined[joined.length - 1] = { ...last, to: next.to }
    } else joined.push(next)
  }
  return joined
}

function isBefore(a: string, b: string): boolean {
  const [left, right] = [valueOf(a), valueOf(b)]
  return familyOf(a) === familyOf(b) ? left < right : familyOf(a) === "IPv4"
}

function valueOf(text: string): bigint {
  return BigInt(parseAddress(text)?.value ?? -1)
}

function addressAfter(text: string): string | undefined {
  const address = parseAddress(text)
  if (address === undefined) return undefined
  const next: Address =
    address.family === "IPv4"
      ? { family: "IPv4", value: address.value + 1 }
      : { family: "IPv6", value: address.value + 1n }
  return formatAddress(next)
}
