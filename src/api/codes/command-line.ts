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
  notTested: {
    code: "PNP0603",
    severity: "note",
    title: "Objects that are not tested against",
    template: "{count} beside the assertions: not used, since the cluster is tested",
    remedy: "Name the files with -f to test them instead of the cluster.",
  },
  readInPart: {
    code: "PNP0604",
    severity: "warning",
    title: "Object of the cluster that was read in part",
    template: "{what}",
    remedy: "Mend the object; what cannot be read of it has no part in the answer.",
  },
} as const satisfies CodeTable
