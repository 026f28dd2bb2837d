// What is broken between a list-watch and the API server, and when.

import type { Fault, ProxiedRequest } from "../api-server/fault-proxy.ts"

export type Mode = "watch-list" | "pages"

export interface FaultRow {
  readonly name: string
  /** The stage that the fault meets: requests for the first list, the first watch, or streams that are open. */
  readonly at: "first-list" | "next-page" | "first-watch" | "open-stream"
  readonly fault: Fault
  readonly times?: number
  readonly only?: Mode
  /** The server is asked for everything again. */
  readonly relists?: true
}

export const gone = { status: 410, reason: "Expired" } as const
const rows: readonly FaultRow[] = [
  { name: "a list that breaks off", at: "first-list", fault: { kind: "cut", lines: 3 } },
  {
    name: "a list that breaks off between pages",
    at: "next-page",
    fault: { kind: "cut", lines: 0 },
    only: "pages",
  },
  { name: "a list that ends early, as if it were whole", at: "first-list", fault: { kind: "end", lines: 3 } },
  { name: "a list that stalls", at: "first-list", fault: { kind: "stall", lines: 3 } },
  {
    name: "half a line in a list",
    at: "first-list",
    fault: { kind: "half-line", lines: 3 },
    only: "watch-list",
  },
  {
    name: "a list that is refused with 503",
    at: "first-list",
    fault: { kind: "refuse", status: 503 },
    times: 3,
  },
  {
    name: "a list that is refused with 429",
    at: "first-list",
    fault: { kind: "refuse", status: 429, retryAfter: 1 },
  },
  {
    name: "a list that is refused with 500",
    at: "first-list",
    fault: { kind: "refuse", status: 500 },
    times: 2,
  },
  { name: "a list that is forbidden", at: "first-list", fault: { kind: "refuse", status: 403 }, times: 3 },
  { name: "a list that is unauthorised", at: "first-list", fault: { kind: "refuse", status: 401 }, times: 4 },
  {
    name: "a list whose pages expire",
    at: "next-page",
    fault: { kind: "refuse", ...gone },
    only: "pages",
  },
  {
    name: "a list that says twice what it says",
    at: "first-list",
    fault: { kind: "repeat" },
    only: "watch-list",
  },
  {
    name: "a list with an error in its middle",
    at: "first-list",
    fault: { kind: "error", lines: 4, status: 500, reason: "InternalError" },
    only: "watch-list",
  },
  {
    name: "a list that is refused for its parameters",
    at: "first-list",
    fault: { kind: "refuse", status: 422 },
    only: "watch-list",
  },
  {
    name: "a watch that is refused with 503",
    at: "first-watch",
    fault: { kind: "refuse", status: 503 },
    times: 3,
  },
  {
    name: "a watch that is refused with 429",
    at: "first-watch",
    fault: { kind: "refuse", status: 429, retryAfter: 1 },
  },
  {
    name: "a watch whose version is too old",
    at: "first-watch",
    fault: { kind: "refuse", ...gone },
    relists: true,
  },
  {
    name: "a watch whose version is refused for no good reason",
    at: "first-watch",
    fault: { kind: "refuse", status: 400 },
    times: 5,
    relists: true,
  },
  {
    name: "a watch whose collection is not found",
    at: "first-watch",
    fault: { kind: "refuse", status: 404 },
    relists: true,
  },
  {
    name: "a watch that says everything twice, and old things again",
    at: "first-watch",
    fault: { kind: "repeat" },
  },
  { name: "a watch that ends at once", at: "first-watch", fault: { kind: "end", lines: 0 }, times: 4 },
  { name: "a stream that breaks", at: "open-stream", fault: { kind: "cut", lines: 0 } },
  {
    name: "a stream that breaks in the middle of a line",
    at: "open-stream",
    fault: { kind: "cut", lines: 2 },
  },
  {
    name: "half a line, and more lines behind it",
    at: "open-stream",
    fault: { kind: "half-line", lines: 1 },
  },
  { name: "a stream that falls silent", at: "open-stream", fault: { kind: "stall", lines: 1 } },
  { name: "a stream that ends", at: "open-stream", fault: { kind: "end", lines: 1 } },
  {
    name: "a stream that says that its version is too old",
    at: "open-stream",
    fault: { kind: "error", lines: 1, ...gone },
    relists: true,
  },
  {
    name: "a stream that fails on the server",
    at: "open-stream",
    fault: { kind: "error", lines: 0, status: 500, reason: "InternalError" },
  },
]

export function isAt(
  at: FaultRow["at"],
  { kind, isNextPage }: { readonly kind: ProxiedRequest["kind"]; readonly isNextPage: boolean },
): boolean {
  switch (at) {
    case "first-list":
      return kind === "watch-list" || (kind === "list" && !isNextPage)
    case "next-page":
      return kind === "list" && isNextPage
    case "first-watch":
      return kind === "watch"
    case "open-stream":
      return false
  }
}

export function rowsOf(mode: Mode): readonly (readonly [string, FaultRow])[] {
  return rows.filter(({ only = mode }) => only === mode).map((row) => [row.name, row] as const)
}
