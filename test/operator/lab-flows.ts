// Connections between pods of a lab that go on while something is done to the cluster.

import { fileURLToPath } from "node:url"
import type { Lab } from "../../src/lab/lab.ts"
import type { Probe } from "../cluster/pods.ts"
import { type FlowEnds, type FlowPods, type WatchedFlows, watchFlows } from "../cluster/watched-flows.ts"
import { type Talker, talk } from "../kernel/traffic.ts"
import type { LabCluster } from "./lab-cluster.ts"

const PROBER = fileURLToPath(new URL("../cluster/prober.pl", import.meta.url))

/** Ports of the server besides the one of datagrams: for a connection that stays, and for strangers. */
const SERVED = [7, 80] as const

/** New connections from "namespace/pod" without end; it has to be stopped. */
export function startProber(
  lab: Lab,
  reference: string,
  { protocol, everyMs, timeoutMs, targets }: Probe,
): Talker {
  const words = [PROBER, protocol, String(everyMs), String(timeoutMs), ...targets]
  return talk([...lab.enter(reference), "perl", ...words])
}

export async function watchLabFlows(
  { lab, traffic }: Pick<LabCluster, "lab" | "traffic">,
  ends: FlowEnds,
): Promise<WatchedFlows> {
  const probers: Talker[] = []
  const [address = ""] = lab.end(ends.server).addresses
  const served = await Promise.all(
    SERVED.map((port) => traffic.ready(ends.server, `echo tcp ${address} ${port}`)),
  )
  const pods: FlowPods = {
    traffic,
    status: async (reference) => ({ addresses: lab.end(reference).addresses }),
    probe: async (reference, probe) => {
      const prober = startProber(lab, reference, probe)
      probers.push(prober)
      return prober
    },
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...probers, ...served].map((each) => each.stop()))
  }
  try {
    const flows = await watchFlows(pods, ends)
    const end = async (): Promise<readonly string[]> => {
      const problems = await flows.end()
      await stop()
      return problems
    }
    return { end }
  } catch (error) {
    await stop()
    throw error
  }
}
