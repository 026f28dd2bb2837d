// The cluster most lab tests use: two pods on each of a bridged and a routed node, dual-stack, one Service each way.

import type { LabServiceSpec, LabSpec } from "../../src/lab/spec.ts"

export const smallLab: LabSpec = {
  nodes: [
    {
      name: "bridged",
      network: "bridge",
      addresses: ["172.31.0.11", "fd00:172:31::11"],
      podCIDRs: ["10.244.1.0/24", "fd00:10:244:1::/64"],
    },
    {
      name: "routed",
      network: "routed",
      addresses: ["172.31.0.12", "fd00:172:31::12"],
      podCIDRs: ["10.244.2.0/24", "fd00:10:244:2::/64"],
    },
  ],
  pods: [
    pod("a", "bridged", ["10.244.1.10", "fd00:10:244:1::10"]),
    pod("b", "bridged", ["10.244.1.11", "fd00:10:244:1::11"]),
    pod("c", "routed", ["10.244.2.10", "fd00:10:244:2::10"]),
    pod("d", "routed", ["10.244.2.11", "fd00:10:244:2::11"]),
    // Outside its node's CIDRs, as pods of some CNIs are.
    pod("stray-bridged", "bridged", ["10.9.8.7", "fd00:9::7"]),
    pod("stray-routed", "routed", ["10.9.8.8", "fd00:9::8"]),
    pod("host", "bridged", []),
  ],
  services: [
    service("on-bridge", ["10.96.0.10", "fd00:10:96::10"], ["10.244.1.10", "fd00:10:244:1::10"], 30080),
    service("on-route", ["10.96.0.11", "fd00:10:96::11"], ["10.244.2.10", "fd00:10:244:2::10"], 30081),
    service("nobody", ["10.96.0.12", "fd00:10:96::12"], [], 30082),
  ],
  outside: ["203.0.113.10", "2001:db8:113::10"],
}

function pod(name: string, node: string, addresses: readonly string[]) {
  return { namespace: "lab", name, node, addresses }
}

function service(
  name: string,
  clusterIPs: readonly string[],
  backends: readonly string[],
  nodePort: number,
): LabServiceSpec {
  const port = { port: 80, nodePort, backends: backends.map((address) => ({ address, port: 8080 })) }
  return {
    namespace: "lab",
    name,
    clusterIPs,
    ports: (["TCP", "UDP", "SCTP"] as const).map((protocol) => ({ ...port, protocol })),
  }
}
