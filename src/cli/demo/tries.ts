// Every connection that the demo tries in a cluster, with what the reference evaluator expects of it.
//
// Sources are pods, nodes and the hosts outside; destinations are the ports that pods declare, the port 443
// outside, and what nobody declares: another port of every protocol, and ICMP. A Service is tried where it
// leads to one pod only, so that it is known which pod answers.

import type { Pod, Protocol, Service, ServicePort } from "../../compile/snapshot.ts"
import { type Connection, judgeConnection } from "../../explain/evaluate.ts"
import type { Endpoint, Port } from "../../explain/judge.ts"
import { portText } from "../../explain/words.ts"
import { endpointsOf, type World } from "../../explain/world.ts"
import type { ProbeRequest } from "../../lab/lab.ts"
import { isIPv6 } from "../../lab/spec.ts"

export interface Try {
  readonly request: ProbeRequest
  readonly connection: Connection
  readonly expected: "allowed" | "denied"
  /** Label of its row in the matrix, and key of its column; null for what is tried but not drawn. */
  readonly row: string
  readonly column: string | null
  /** "namespace/name" of the Service it goes through. */
  readonly service: string | null
}

/** One end of the matrix. */
export interface Site {
  readonly label: string
  readonly endpoints: readonly Endpoint[]
  readonly pod: Pod | null
}

export interface Column {
  readonly key: string
  readonly site: Site
  readonly port: Port
  readonly portText: string
}

/** A port that no example serves: what a policy does not name. */
const otherPort = 9

export function sitesOf(world: World, outside: readonly string[]): readonly Site[] {
  const { pods, nodes } = world.snapshot
  const ownPods = pods.filter((pod) => !pod.hostNetwork && !pod.finished && pod.addresses.length > 0)
  return [
    ...ownPods.map((pod) => {
      const endpoints = endpointsOf({ kind: "pod", pod }, world)
      return { label: `${pod.namespace}/${pod.name}`, endpoints, pod }
    }),
    ...nodes.map((node) => {
      return { label: `node/${node.name}`, endpoints: endpointsOf({ kind: "node", node }, world), pod: null }
    }),
    ...outsideSites(outside).map(({ label, addresses }) => {
      const endpoints = addresses.flatMap((address) => endpointsOf({ kind: "address", address }, world))
      return { label, endpoints, pod: null }
    }),
  ]
}

/** The first address of each family is "outside"; further ones stand for themselves. */
function outsideSites(outside: readonly string[]) {
  const first = [outside.find((each) => !isIPv6(each)), outside.find(isIPv6)].filter(
    (each) => each !== undefined,
  )
  const others = outside.filter((address) => !first.includes(address))
  return [
    { label: "outside", addresses: first },
    ...others.map((address) => ({ label: address, addresses: [address] })),
  ]
}

export function columnsOf(sites: readonly Site[]): readonly Column[] {
  return sites.flatMap((site) => {
    if (site.pod !== null) return portsOf(site.pod).map((port) => columnOf(site, port))
    return site.label === "outside" ? [columnOf(site, { kind: "port", protocol: "TCP", port: 443 })] : []
  })
}

function portsOf(pod: Pod): readonly Port[] {
  const distinct = new Map(pod.ports.map((port) => [`${port.port}/${port.protocol}`, port]))
  return [...distinct.values()].map(({ protocol, port }) => ({ kind: "port", protocol, port }))
}

function columnOf(site: Site, port: Port): Column {
  const text = portText(port)
  return { key: `${site.label} ${text}`, site, port, portText: text }
}

export function triesOf(world: World, outside: readonly string[]): readonly Try[] {
  const sites = sitesOf(world, outside)
  const columns = columnsOf(sites)
  const undeclared = sites
    .filter((site) => site.pod !== null || site.label === "outside")
    .flatMap((site) => undeclaredPorts.map((port) => ({ site, port, key: null })))
  return sites.flatMap((from) =>
    [...columns, ...undeclared].flatMap(({ site, port, key }) => [
      ...directTries({ from, to: site, port, column: key }, world),
      ...(key === null ? [] : serviceTries({ from, to: site, port, column: key }, world)),
    ]),
  )
}

const undeclaredPorts: readonly Port[] = [
  ...(["TCP", "UDP", "SCTP"] as const).map((protocol) => ({
    kind: "port" as const,
    protocol,
    port: otherPort,
  })),
  { kind: "other", protocol: "ICMP" },
]

interface Way {
  readonly from: Site
  readonly to: Site
  readonly port: Port
  readonly column: string | null
}

function directTries(way: Way, world: World): readonly Try[] {
  return pairs(way.from, way.to).map(([from, to]) => {
    const connection = { from, to, port: way.port, throughService: false }
    // A pod always reaches itself: true, tried, and of no interest in the matrix.
    const column = way.from === way.to ? null : way.column
    return tryOf(
      {
        connection,
        address: addressOf(to),
        port: portNumber(way.port),
        way: { ...way, column },
        service: null,
      },
      world,
    )
  })
}

function serviceTries(way: Way, world: World): readonly Try[] {
  const { to, from, port } = way
  // The node masquerades what comes from elsewhere: the true source is then gone on another node.
  if (to.pod === null || from.pod === null || port.kind !== "port") return []
  return servicesOnlyTo(to.pod, port, world).flatMap(({ service, servicePort }) =>
    pairs(from, to).flatMap(([source, endpoint]) => {
      const address = service.clusterIPs.find((each) => isIPv6(each) === isIPv6(addressOf(endpoint)))
      if (address === undefined || address === "None") return []
      const connection = { from: source, to: endpoint, port, throughService: true }
      const column = from === to ? null : way.column
      const name = `${service.namespace}/${service.name}`
      return [
        tryOf({ connection, address, port: servicePort.port, way: { ...way, column }, service: name }, world),
      ]
    }),
  )
}

interface Planned {
  readonly connection: Connection
  /** What is asked for: the endpoint's address, or the Service's. */
  readonly address: string
  readonly port: number
  readonly way: Way
  readonly service: string | null
}

function tryOf({ connection, address, port, way, service }: Planned, world: World): Try {
  return {
    request: {
      from: addressOf(connection.from),
      to: address,
      protocol: probeProtocol(connection.port),
      port,
    },
    connection,
    expected: judgeConnection(connection, world).verdict === "Allow" ? "allowed" : "denied",
    row: way.from.label,
    column: way.column,
    service,
  }
}

function servicesOnlyTo(pod: Pod, port: Port & { readonly kind: "port" }, { snapshot }: World) {
  return snapshot.services
    .filter((service) => {
      const selected = snapshot.pods.filter((each) => !each.finished && isSelected(service, each))
      return selected.length === 1 && selected[0] === pod
    })
    .flatMap((service) =>
      service.ports
        .filter((each) => each.protocol === port.protocol && targetOf(each, pod) === port.port)
        .map((servicePort) => ({ service, servicePort })),
    )
}

function isSelected(service: Service, pod: Pod): boolean {
  const wanted = Object.entries(service.selector)
  return (
    wanted.length > 0 &&
    pod.namespace === service.namespace &&
    wanted.every(([key, value]) => Object.hasOwn(pod.labels, key) && pod.labels[key] === value)
  )
}

function targetOf({ targetPort, protocol }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort === "number") return targetPort
  return pod.ports.find((each) => each.name === targetPort && each.protocol === protocol)?.port
}

function pairs(from: Site, to: Site): readonly (readonly [Endpoint, Endpoint])[] {
  return from.endpoints.flatMap((source) =>
    to.endpoints
      .filter((destination) => destination.address.family === source.address.family)
      .map((destination) => [source, destination] as const),
  )
}

export function addressOf({ address }: Endpoint): string {
  // The snapshot was placed: every end has its address.
  if (address.kind === "unknown") throw new Error("an end without an address cannot be tried")
  return address.text
}

function portNumber(port: Port): number {
  return port.kind === "port" ? port.port : 0
}

export function probeProtocol(port: Port): Protocol | "ICMP" | "OTHER" {
  if (port.kind === "port") return port.protocol
  return port.protocol === "ICMP" ? "ICMP" : "OTHER"
}
