// Whether statuses are kept up to date: the replica that writes them holds a Lease.

import { fieldOf } from "../api/conforms.ts"
import { textIn } from "../kubernetes/resource.ts"

/** A holder renews every two seconds; this computer's clock may be another than the cluster's. */
const OLD_MS = 60_000

/** Empty where a controller writes statuses, or where nobody may say. */
export function whyStale(lease: unknown, now: Date): string {
  if (lease === undefined) return "no controller has written statuses yet"
  if (lease === "unreadable") return ""
  const spec = fieldOf(lease, "spec")
  const renewed = textIn(spec, "renewTime")
  const time = Date.parse(renewed)
  const isHeld = textIn(spec, "holderIdentity") !== ""
  if (isHeld && (Number.isNaN(time) || now.getTime() - time < OLD_MS)) return ""
  const since = Number.isNaN(time) ? "" : ` since ${new Date(time).toISOString().replace(/\.\d+Z$/, "Z")}`
  return `no controller has written statuses${since}: what is told here is of then`
}
