// What the controller hears of a node, as its enforcer sees it.

import { type NodeReport, PROTOCOL_VERSION } from "../../wire/messages.ts"
import type { DenyCount } from "../deny-counts.ts"
import type { EnforcerStatus } from "../status.ts"

export interface ReportParts {
  readonly version: string
  readonly status: EnforcerStatus
  /** Of the newest message that came into force. */
  readonly milliseconds: number
  /** Why nothing can be enforced at all; "" where it can. */
  readonly startError: string
  readonly denied: readonly DenyCount[]
}

/** Lists are cut: a report is read by one replica for thousands of nodes, and after so many entries the rest says no more. */
const MOST_ENTRIES = 500
/** nft's words can hold a whole transaction. */
const MOST_CHARACTERS = 1_000
const MOST_NAME_CHARACTERS = 300

export function nodeReport({ version, status, milliseconds, startError, denied }: ReportParts): NodeReport {
  const { problems, isolated, failedClosed, addresses } = status
  return {
    protocol: PROTOCOL_VERSION,
    version,
    revision: status.revision ?? 0,
    milliseconds: Math.round(milliseconds),
    error: short(startError === "" ? (status.error ?? "") : startError, MOST_CHARACTERS),
    isolated: isolated.slice(0, MOST_ENTRIES).map(({ object, error }) => ({
      object: short(object, MOST_NAME_CHARACTERS),
      error: short(error, MOST_CHARACTERS),
    })),
    failedClosed: failedClosed.slice(0, MOST_ENTRIES),
    problems: problems.slice(0, MOST_ENTRIES).map(({ code, severity, subject, message }) => ({
      code,
      severity,
      subject: short(subject, MOST_NAME_CHARACTERS),
      message: short(message, MOST_CHARACTERS),
    })),
    addresses: addresses.slice(0, MOST_ENTRIES),
    observing: status.observing,
    denied: mostDenied(denied),
  }
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`
}

function mostDenied(denied: readonly DenyCount[]): NonNullable<NodeReport["denied"]> {
  return denied
    .filter(({ packets }) => packets > 0)
    .toSorted((a, b) => b.packets - a.packets)
    .slice(0, MOST_ENTRIES)
    .map(({ chain, packets }) => ({ chain, packets }))
}
