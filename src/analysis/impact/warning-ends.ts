// Who a warning is about, in the room that is left in its line.

import type { ImpactEnd } from "../../api/impact-report.ts"
import { impactEndText } from "../connection-groups.ts"
import { charactersIn, shortenedTo } from "../printable.ts"
import { counted } from "./summary.ts"

export function fittedEnds(ends: readonly ImpactEnd[], room: number): string {
  const [only] = ends
  return only !== undefined && ends.length === 1 ? fittedEnd(only, room) : fittedMany(ends, room)
}

/** The kind goes first, then the ends of the namespace and of the name. */
function fittedEnd(end: ImpactEnd, room: number): string {
  const whole = impactEndText(end)
  if (charactersIn(whole) <= room || "range" in end) return shortenedTo(whole, room)
  const namespace = shortenedTo(
    end.namespace,
    Math.max(Math.floor(room / 3), room - 1 - charactersIn(end.name)),
  )
  return `${namespace}/${shortenedTo(end.name, room - 1 - charactersIn(namespace))}`
}

/** How many, and names as far as they fit: "12 workloads of boutique (adservice, cartservice, …)". */
function fittedMany(ends: readonly ImpactEnd[], room: number): string {
  const namespaces = [...new Set(ends.flatMap((end) => ("range" in end ? [] : [end.namespace])))]
  const [namespace = ""] = namespaces
  const isOne = namespaces.length === 1
  const of = isOne ? ` of ${shortenedTo(namespace, Math.max(12, Math.floor(room / 3)))}` : ""
  const start = `${manyText(ends)}${of}`
  const names = ends.map((end) =>
    "range" in end ? end.range : `${isOne ? "" : `${end.namespace}/`}${shortName(end)}`,
  )
  for (let told = names.length; told > 0; told--) {
    const rest = told === names.length ? "" : ", …"
    const text = `${start} (${names.slice(0, told).join(", ")}${rest})`
    if (charactersIn(text) <= room) return text
  }
  return shortenedTo(start, room)
}

function manyText(ends: readonly ImpactEnd[]): string {
  const ranges = ends.filter((end) => "range" in end).length
  const workloads = ends.length - ranges
  return [
    ...(workloads > 0 ? [counted(workloads, "workload")] : []),
    ...(ranges > 0 ? [counted(ranges, "range")] : []),
  ].join(" and ")
}

/** What a Deployment adds to the names of its ReplicaSets (apimachinery/pkg/util/rand, SafeEncodeString) tells nobody anything. */
const TEMPLATE_HASH = /-[bcdfghjklmnpqrstvwxz2456789]{8,10}$/

function shortName({ name, kind }: Exclude<ImpactEnd, { readonly range: string }>): string {
  return kind === "ReplicaSet" ? name.replace(TEMPLATE_HASH, "") : name
}
