// How an object is read: one reading both checks it and lowers it, so that what is reported and what fails
// closed are the same.

import type { Report } from "../api/report.ts"

/** Files must be unambiguous; what the API server has accepted is read as the API server reads it. */
export type Source = "file" | "api"

export interface Reading {
  readonly report: Report
  readonly source: Source
}
