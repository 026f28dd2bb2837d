// Services on a node as kube-proxy's nftables mode does them: DNAT on the way in, masquerade for hairpin and NodePort.
//
// The shape follows kubernetes/pkg/proxy/nftables (1.34): service maps, a chain a service port with a random
// choice of endpoint, a chain an endpoint; the masquerade mark is 0x4000.

import {
  isIPv6,
  type LabBackend,
  type LabNodeSpec,
  type LabServicePort,
  type LabServiceSpec,
  type LabSpec,
} from "./spec.ts"

interface FamilyPort {
  readonly chain: string
  readonly clusterIP: string | undefined
  readonly port: LabServicePort
  readonly backends: readonly LabBackend[]
}

/** An nft script; both families, whether or not there are Services. */
export function serviceRules(spec: LabSpec, node: LabNodeSpec): string {
  return [table("ip", spec, node), table("ip6", spec, node)].join("\n")
}

function table(family: "ip" | "ip6", spec: LabSpec, node: LabNodeSpec): string {
  const ports = familyPorts(family, spec.services)
  const served = ports.filter((each) => each.backends.length > 0)
  const nodeAddresses = node.addresses.filter((address) => isIPv6(address) === (family === "ip6"))
  const type = family === "ip" ? "ipv4_addr" : "ipv6_addr"
  const name = "kube-proxy-like"
  return `
add table ${family} ${name}
delete table ${family} ${name}
table ${family} ${name} {
  map service-ips { type ${type} . inet_proto . inet_service : verdict; ${elements(served.flatMap(serviceElement))} }
  map service-nodeports { type inet_proto . inet_service : verdict; ${elements(served.flatMap(nodePortElement))} }
  set no-endpoints { type ${type} . inet_proto . inet_service; ${elements(ports.flatMap((each) => (each.backends.length > 0 ? [] : keyOf(each))))} }
  set cluster-pods { type ${type}; flags interval; auto-merge; ${elements(podRanges(family, spec))} }
  set nodeport-ips { type ${type}; ${elements(nodeAddresses)} }
  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & 0x4000 == 0x4000 meta mark set meta mark ^ 0x4000 masquerade fully-random
  }
  chain filter-forward { type filter hook forward priority -110; policy accept; ct state new jump no-endpoints; }
  chain filter-output { type filter hook output priority -110; policy accept; ct state new jump no-endpoints; }
  chain no-endpoints { ${family} daddr . meta l4proto . th dport @no-endpoints reject; }
  chain mark-for-masquerade { meta mark set meta mark | 0x4000; }
${served.map((each) => portChains(family, each)).join("")}  chain services {
    ${family} daddr . meta l4proto . th dport vmap @service-ips
    ${family} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
}
`
}

// What is not a pod's is masqueraded on its way to a Service, as with kube-proxy's clusterCIDR, so that answers come back here.
function podRanges(family: "ip" | "ip6", spec: LabSpec): readonly string[] {
  const ranges = [
    ...spec.nodes.flatMap((node) => node.podCIDRs),
    ...spec.pods.flatMap((pod) => pod.addresses),
  ]
  return ranges.filter((range) => isIPv6(range) === (family === "ip6"))
}

function familyPorts(family: "ip" | "ip6", services: readonly LabServiceSpec[]): readonly FamilyPort[] {
  const fits = (address: string) => isIPv6(address) === (family === "ip6")
  return services.flatMap((service, serviceIndex) =>
    service.ports.map((port, portIndex) => ({
      chain: `service-${serviceIndex}-${portIndex}`,
      clusterIP: service.clusterIPs.find(fits),
      port,
      backends: port.backends.filter((backend) => fits(backend.address)),
    })),
  )
}

function keyOf({ clusterIP, port }: FamilyPort): readonly string[] {
  return clusterIP === undefined ? [] : [`${clusterIP} . ${port.protocol.toLowerCase()} . ${port.port}`]
}

function serviceElement(each: FamilyPort): readonly string[] {
  return keyOf(each).map((key) => `${key} : goto ${each.chain}`)
}

function nodePortElement({ port, chain }: FamilyPort): readonly string[] {
  return port.nodePort === null
    ? []
    : [`${port.protocol.toLowerCase()} . ${port.nodePort} : goto external-${chain}`]
}

function elements(list: readonly string[]): string {
  return list.length === 0 ? "" : `elements = { ${[...new Set(list)].join(", ")} };`
}

function portChains(family: "ip" | "ip6", { chain, port, backends }: FamilyPort): string {
  const protocol = port.protocol.toLowerCase()
  const endpoint = (backend: LabBackend, index: number) => `  chain endpoint-${chain}-${index} {
    ${family} saddr ${backend.address} jump mark-for-masquerade
    meta l4proto ${protocol} dnat to ${family === "ip" ? backend.address : `[${backend.address}]`}:${backend.port}
  }
`
  const choice = backends.map((_, index) => `${index} : goto endpoint-${chain}-${index}`).join(", ")
  return `${backends.map(endpoint).join("")}  chain ${chain} {
    ${family} saddr != @cluster-pods jump mark-for-masquerade
    numgen random mod ${backends.length} vmap { ${choice} }
  }
  chain external-${chain} { jump mark-for-masquerade; goto ${chain}; }
`
}
