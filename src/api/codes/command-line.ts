// What is wrong with what commands are asked to do: test and diff.

import type { CodeTable } from "./table.ts"

export const commandLineCodes = {
  noAssertion: {
    code: "PNP0601",
    severity: "error",
    title: "Nothing to test",
    template: "there is no ConnectivityAssertion in {where}",
    remedy: "docs/assertions.md says how they are written; --assertions names files that have them.",
  },
  nothingMatchesFilter: {
    code: "PNP0602",
    severity: "error",
    title: "No case has the text of --filter",
    template: "none of {count} has {value} in its name, ends, ports or verdict",
    remedy:
      "The text is looked for as it is, in upper and lower case alike; without --filter every case is tested.",
  },
} as const satisfies CodeTable
