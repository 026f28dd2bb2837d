// From what a lab is made of to the commands that make it: pure, so that a plan can be printed and compared.
//
// Every address is a host route: the underlay, the pods of a routed node and pods outside their node's
// CIDRs need no common prefix, so that any snapshot can be built.

import { type Gateway, host, inAny, podGateways, sameFamily } from "./addresses.ts"
import { type CniResult, cniResults } from "./cni-results.ts"
import { hardwareAddress, interfaceHardwareAddress, labNames, podInterface } from "./names.ts"
import { serviceRules } from "./service-rules.ts"
import { isIPv6, type LabNodeSpec, type LabPodSpec, type LabSpec } from "./spec.ts"

interface Sysctl {
  readonly namespace: string
  /** Below /proc/sys. */
  readonly path: string
  readonly value: string
}

export interface LabPlan {
  readonly namespaces: readonly string[]
  /** Set before any interface exists: interfaces take theirs from `default`. */
  readonly sysctls: readonly Sysctl[]
  /** `ip -batch` lines that make the links between namespaces. */
  readonly links: readonly string[]
  /** `ip -batch` lines to be run inside each namespace. */
  readonly inside: ReadonlyMap<string, readonly string[]>
  /** nft scripts of the nodes: Services as kube-proxy does them. */
  readonly rules: ReadonlyMap<string, string>
  readonly cniResults: readonly CniResult[]
}

// Next hops in the underlay are link-local addresses that no snapshot has as its own, so that a node whose
// addresses are of one family still forwards both. Number 0 is the outside host, node N has N + 1.
const hops = (number: number) => [`169.254.255.${number + 1}`, `fe80::ffff:${number + 1}`]

export function planLab(lab: string, spec: LabSpec): LabPlan {
  const names = labNames(lab)
  const pods = spec.pods.filter((pod) => pod.addresses.length > 0)
  const nodes = spec.nodes.map((node) => ({
    spec: node,
    namespace: names.node(node.name),
    gateways: podGateways(node, pods),
    pods: pods.filter((pod) => pod.node === node.name),
  }))
  const inside = new Map<string, readonly string[]>([
    [names.underlay, underlayLines(spec)],
    [names.outside, outsideLines(spec, pods)],
    ...nodes.map((node) => [node.namespace, nodeLines(node, spec, pods)] as const),
    ...nodes.flatMap((node) =>
      node.pods.map((pod) => [names.pod(pod.namespace, pod.name), podLines(pod, node)] as const),
    ),
  ])
  return {
    namespaces: [...inside.keys()],
    sysctls: [...inside.keys()].flatMap((each) =>
      sysctls(
        each,
        nodes.some((node) => node.namespace === each),
      ),
    ),
    links: links(lab, spec, pods),
    inside,
    rules: new Map(nodes.map((node) => [node.namespace, serviceRules(spec, node.spec)])),
    cniResults: nodes.flatMap((node) => cniResults(lab, node)),
  }
}

/** A node and what is on it, as the parts of a plan see it. */
export interface PlannedNode {
  readonly spec: LabNodeSpec
  readonly namespace: string
  readonly gateways: readonly Gateway[]
  readonly pods: readonly LabPodSpec[]
}

function sysctls(namespace: string, isNode: boolean): readonly Sysctl[] {
  const always: Record<string, string> = {
    // Addresses are usable at once, and a reverse path filter does not drop what a policy should.
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/dad_transmits": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    // A refusal is an ICMP error, at most one a second for each destination unless told.
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv6/icmp/ratelimit": "0",
  }
  const node = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    // Bridged packets reach inet hooks by the bridge's own switch; the global one stays off.
    "net/bridge/bridge-nf-call-iptables": "0",
    "net/bridge/bridge-nf-call-ip6tables": "0",
  }
  return Object.entries(isNode ? { ...always, ...node } : always).map(([path, value]) => ({
    namespace,
    path,
    value,
  }))
}

function links(lab: string, spec: LabSpec, pods: readonly LabPodSpec[]): readonly string[] {
  const names = labNames(lab)
  const veth = (left: string, leftEnd: string, right: string, rightEnd: string) =>
    `link add ${leftEnd} address ${interfaceHardwareAddress(left, leftEnd)} netns ${left} type veth ` +
    `peer name ${rightEnd} address ${interfaceHardwareAddress(right, rightEnd)} netns ${right}`
  return [
    veth(names.underlay, "outside", names.outside, "eth0"),
    ...spec.nodes.map((node, index) => veth(names.underlay, `node${index}`, names.node(node.name), "eth0")),
    ...pods.map((pod) =>
      veth(names.node(pod.node), podInterface(pod), names.pod(pod.namespace, pod.name), "eth0"),
    ),
  ]
}

function underlayLines(spec: LabSpec): readonly string[] {
  return [
    "link set lo up",
    "link add switch type bridge mcast_snooping 0",
    "link set switch up",
    ...["outside", ...spec.nodes.map((_, index) => `node${index}`)].map(
      (port) => `link set ${port} master switch up`,
    ),
  ]
}

function outsideLines(spec: LabSpec, pods: readonly LabPodSpec[]): readonly string[] {
  return [
    "link set lo up",
    ...uplinkLines(0),
    ...spec.outside.map(outsideAddressLine),
    ...spec.nodes.flatMap((node, index) => routesTo(node, index, pods)),
    // Cluster addresses are the first node's to translate.
    ...spec.services.flatMap((service) => service.clusterIPs.map((address) => routeLine(host(address), 1))),
  ]
}

function uplinkLines(number: number): readonly string[] {
  return [
    "link set eth0 up",
    ...hops(number).map((hop) => `addr add ${hop}/${isIPv6(hop) ? "64 nodad" : "32 scope link"} dev eth0`),
  ]
}

function routeLine(destination: string, number: number): string {
  return `route replace ${destination} via ${sameFamily(hops(number), destination)} dev eth0 onlink`
}

/** One more address of the outside host. */
export function outsideAddressLine(address: string): string {
  return `addr replace ${host(address)} dev lo${nodad(address)}`
}

function nodeLines(node: PlannedNode, spec: LabSpec, pods: readonly LabPodSpec[]): readonly string[] {
  const own = spec.nodes.findIndex((other) => other.name === node.spec.name)
  const preferred = (destination: string) => {
    const source = sameFamily(node.spec.addresses, destination)
    return source === undefined ? "" : ` src ${source}`
  }
  const remote = spec.nodes.flatMap((other, index) => (index === own ? [] : routesTo(other, index, pods)))
  return [
    "link set lo up",
    ...node.spec.addresses.map((address) => `addr add ${host(address)} dev eth0${nodad(address)}`),
    ...uplinkLines(own + 1),
    ...[...remote, routeLine("0.0.0.0/0", 0), routeLine("::/0", 0)].map((line) => line + preferred(line)),
    ...(node.spec.network === "bridge" ? bridgeLines(node) : routedLines(node)),
  ]
}

/** Routes to a node and to its pods, by its CIDRs and, for pods outside them, one by one. */
function routesTo(node: LabNodeSpec, index: number, pods: readonly LabPodSpec[]): readonly string[] {
  const strays = pods
    .filter((pod) => pod.node === node.name)
    .flatMap((pod) => pod.addresses)
    .filter((address) => !inAny(address, node.podCIDRs))
  return [...node.addresses.map(host), ...node.podCIDRs, ...strays.map(host)].map((each) =>
    routeLine(each, index + 1),
  )
}

// As the CNI plugin `bridge` with isDefaultGateway and hairpinMode does it.
function bridgeLines(node: PlannedNode): readonly string[] {
  const strays = node.pods
    .flatMap((pod) => pod.addresses)
    .filter((address) => !inAny(address, node.spec.podCIDRs))
  return [
    `link add cni0 address ${hardwareAddress(node.namespace)} type bridge nf_call_iptables 1 nf_call_ip6tables 1`,
    ...node.gateways.map((each) => `addr add ${each.address}/${each.length} dev cni0${nodad(each.address)}`),
    "link set cni0 up",
    ...node.pods.flatMap((pod) => [
      `link set ${podInterface(pod)} master cni0 up`,
      `link set ${podInterface(pod)} type bridge_slave hairpin on`,
    ]),
    ...strays.map((address) => `route add ${host(address)} dev cni0`),
  ]
}

// As the CNI plugin `ptp` does it: every host veth carries the gateway's address, every pod address is a route.
function routedLines(node: PlannedNode): readonly string[] {
  return node.pods.flatMap((pod) => [
    `link set ${podInterface(pod)} up`,
    ...node.gateways.map(
      (each) => `addr add ${host(each.address)} dev ${podInterface(pod)}${nodad(each.address)}`,
    ),
    ...pod.addresses.map((address) => `route add ${host(address)} dev ${podInterface(pod)}`),
  ])
}

function podLines(pod: LabPodSpec, node: PlannedNode): readonly string[] {
  return [
    "link set lo up",
    "link set eth0 up",
    ...pod.addresses.flatMap((address) => {
      const gateway = node.gateways.find((each) => isIPv6(each.address) === isIPv6(address))
      if (gateway === undefined) return []
      const onBridge = node.spec.network === "bridge" && inAny(address, node.spec.podCIDRs)
      return [
        `addr add ${onBridge ? `${address}/${gateway.length}` : host(address)} dev eth0${nodad(address)}`,
        `route add default via ${gateway.address} dev eth0 onlink src ${address}`,
      ]
    }),
  ]
}

function nodad(address: string): string {
  return isIPv6(address) ? " nodad" : ""
}
