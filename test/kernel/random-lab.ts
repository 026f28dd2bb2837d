// A lab for a random cluster: its pods, addresses of pod CIDRs that no pod owns, hosts outside, a Service for each pod.

import type { Connection } from "../../src/explain/evaluate.ts"
import type { Endpoint } from "../../src/explain/judge.ts"
import { inAny } from "../../src/lab/addresses.ts"
import type { ProbeRequest } from "../../src/lab/lab.ts"
import { labSpecOf } from "../../src/lab/snapshot-lab.ts"
import { isIPv6, type LabServiceSpec, type LabSpec } from "../../src/lab/spec.ts"
import type { RandomCluster } from "../random/cluster.ts"

/** Who owns no address of its own in the snapshot is a pod here all the same: one that nobody has announced. */
export function labOfCluster({ snapshot, ports, strangers }: RandomCluster): LabSpec {
  const isUnknown = (address: string) => snapshot.nodes.some((node) => inAny(address, node.podCIDRs))
  const spec = labSpecOf(snapshot, { outside: strangers.filter((address) => !isUnknown(address)) })
  const unknown = strangers.filter(isUnknown).map((address, index) => {
    const node = snapshot.nodes.find(({ podCIDRs }) => inAny(address, podCIDRs))?.name ?? ""
    return { namespace: "unknown", name: `pod-${index}`, node, addresses: [address] }
  })
  const services = spec.pods
    .filter((pod) => pod.addresses.length > 0)
    .map((pod, index): LabServiceSpec => {
      return {
        namespace: pod.namespace,
        name: pod.name,
        clusterIPs: pod.addresses.map((address) => serviceAddress(address, index)),
        ports: ports.flatMap((each) => {
          if (each.kind === "other") return []
          const { protocol, port } = each
          return [
            { protocol, port, nodePort: null, backends: pod.addresses.map((address) => ({ address, port })) },
          ]
        }),
      }
    })
  return { ...spec, pods: [...spec.pods, ...unknown], services }
}

function serviceAddress(address: string, index: number): string {
  return isIPv6(address) ? `fd00:96::${(10 + index).toString(16)}` : `10.96.0.${10 + index}`
}

export function probeOf({ from, to, port, throughService }: Connection, { services }: LabSpec): ProbeRequest {
  const destination = addressOf(to)
  const service = services.find((each) =>
    each.ports.some(({ backends }) => backends.some(({ address }) => address === destination)),
  )
  const clusterIP = service?.clusterIPs.find((address) => isIPv6(address) === isIPv6(destination))
  if (throughService && clusterIP === undefined) throw new Error(`no Service leads to ${destination}`)
  return {
    from: addressOf(from),
    to: throughService ? (clusterIP ?? "") : destination,
    protocol: port.kind === "port" ? port.protocol : "ICMP",
    port: port.kind === "port" ? port.port : 0,
  }
}

function addressOf({ address }: Endpoint): string {
  if (address.kind === "unknown") throw new Error("an end without an address")
  return address.text
}
