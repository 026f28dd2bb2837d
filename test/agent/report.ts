// A report of an agent to which nothing has happened.

import { type NodeReport, PROTOCOL_VERSION } from "../../src/wire/messages.ts"

export function reportOf(revision: number, rest: Partial<NodeReport> = {}): NodeReport {
  return {
    protocol: PROTOCOL_VERSION,
    version: "test",
    revision,
    milliseconds: 1,
    error: "",
    isolated: [],
    failedClosed: [],
    problems: [],
    addresses: [],
    observing: false,
    ...rest,
  }
}
