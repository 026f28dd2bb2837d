// Notes and mistakes of analysis: what answers about a whole cluster leave unsaid, and what they are asked about.

import type { CodeTable } from "./table.ts"

export const analysisCodes = {
  connectivityNote: {
    code: "PNP0801",
    severity: "note",
    title: "What a line of connectivity does not say by itself",
    template: "{note}",
    remedy: "postern explain --from ... --to ... tells each of its cases.",
  },
  unknownFocus: {
    code: "PNP0802",
    severity: "error",
    title: "No such workload",
    template: "no workload is called {value}{near}",
    remedy: "Write namespace/name as postern connectivity prints it, or namespace/kind/name.",
  },
} as const satisfies CodeTable
