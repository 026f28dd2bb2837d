// What a CNI plugin leaves on the node about each pod: libcni's cache, /var/lib/cni/results/<network>-<container>-<interface>.

import { inAny } from "./addresses.ts"
import { hardwareAddress, interfaceHardwareAddress, labNames, podInterface } from "./names.ts"
import { isIPv6, type LabPodSpec } from "./spec.ts"
import type { PlannedNode } from "./topology.ts"

export interface CniResult {
  readonly node: string
  readonly file: string
  readonly content: string
}

export function cniResults(lab: string, node: PlannedNode): readonly CniResult[] {
  return node.pods.map((pod) => {
    const containerId = hardwareAddress(`${lab}.${pod.namespace}.${pod.name}`)
      .replaceAll(":", "")
      .repeat(6)
      .slice(0, 64)
    return {
      node: node.spec.name,
      file: `cbr0-${containerId}-eth0`,
      content: `${JSON.stringify(cached(lab, node, pod, containerId))}\n`,
    }
  })
}

function cached(lab: string, node: PlannedNode, pod: LabPodSpec, containerId: string) {
  const sandbox = labNames(lab).pod(pod.namespace, pod.name)
  const bridge = { name: "cni0", mac: hardwareAddress(node.namespace) }
  const hostEnd = {
    name: podInterface(pod),
    mac: interfaceHardwareAddress(node.namespace, podInterface(pod)),
  }
  const podEnd = {
    name: "eth0",
    mac: interfaceHardwareAddress(sandbox, "eth0"),
    sandbox: `/run/netns/${sandbox}`,
  }
  const interfaces = node.spec.network === "bridge" ? [bridge, hostEnd, podEnd] : [hostEnd, podEnd]
  return {
    kind: "cniCacheV1",
    containerId,
    config: "",
    ifName: "eth0",
    networkName: "cbr0",
    cniArgs: [
      ["K8S_POD_NAMESPACE", pod.namespace],
      ["K8S_POD_NAME", pod.name],
    ],
    result: {
      cniVersion: "1.0.0",
      dns: {},
      interfaces,
      ips: pod.addresses.map((address) => ipResult(node, address, interfaces.length - 1)),
    },
  }
}

function ipResult(node: PlannedNode, address: string, podEnd: number) {
  const gateway = node.gateways.find((each) => isIPv6(each.address) === isIPv6(address))
  const length = inAny(address, node.spec.podCIDRs) ? gateway?.length : undefined
  return {
    interface: podEnd,
    address: `${address}/${length ?? (isIPv6(address) ? 128 : 32)}`,
    ...(gateway === undefined ? {} : { gateway: gateway.address }),
  }
}
