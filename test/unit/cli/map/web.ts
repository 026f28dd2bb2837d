// A cluster whose workloads have nothing in common: each reaches its successor and the one twice as far, on ports of its own.

import { connectionSetOf } from "../../../../src/analysis/connection-set.ts"
import type { Connectivity } from "../../../../src/analysis/connectivity.ts"
import type { WorkloadEnd } from "../../../../src/analysis/end.ts"

export function web(size: number, namespaces = 20): Connectivity {
  const ends = Array.from(
    { length: size },
    (_, place): WorkloadEnd => ({
      kind: "workload",
      namespace: `ns-${String(place % namespaces).padStart(2, "0")}`,
      name: `app-${String(place + 1).padStart(3, "0")}`,
      workload: "Deployment",
      pods: 1,
      hostNetwork: false,
    }),
  )
  const lines = ends.flatMap((source, place) =>
    [place + 1, 2 * place + 1].flatMap((next, way) => {
      const destination = ends[next % size]
      if (destination === undefined || destination === source) return []
      const port = 1000 + 2 * place + way
      const connections = connectionSetOf([{ protocol: "TCP", from: port, to: port }])
      return [{ source, destination, connections, observed: false }]
    }),
  )
  return { ends, lines, notes: [], complete: true }
}
