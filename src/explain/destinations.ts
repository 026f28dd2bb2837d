// Where a connection ends up: a Service is its endpoints, a port name is a number of each pod.
//
// kube-proxy's view: the Service's port is translated to the targetPort of every pod that the selector holds,
// a name being looked up in that pod's containers; policy judges what comes after (semantics: Services).

import { diagnostic, shown } from "../api/report.ts"
import { closest } from "../api/suggestion.ts"
import type { Pod, Service, ServicePort } from "../compile/snapshot.ts"
import { bad, type Checked, good } from "./checked.ts"
import { type PortRequest, portRequestText } from "./port-request.ts"
import type { Reference } from "./reference.ts"
import type { End, World } from "./world.ts"

/** An end with the ports asked for there; null for every port. */
export interface Destination {
  readonly end: End
  readonly ports: RequestedPorts | null
  readonly throughService: Service | null
}

/** Numbers of one protocol, or a protocol that has none. */
export type RequestedPorts = Exclude<PortRequest, { readonly kind: "name" }>

export function destinationsOf(
  reference: Reference,
  request: PortRequest | null,
  world: World,
): Checked<readonly Destination[]> {
  if (reference.kind === "service") return serviceDestinations(reference.service, request, world)
  if (request?.kind !== "name") {
    return good(reference.ends.map((end) => ({ end, ports: request, throughService: null })))
  }
  const named = reference.ends.flatMap((end) =>
    portsNamed(end, request, world).map((port): Destination => {
      return { end, ports: onePort(request.protocol, port), throughService: null }
    }),
  )
  return named.length > 0 ? good(named) : bad(unknownPortName(reference, request, world))
}

type NamedRequest = Extract<PortRequest, { readonly kind: "name" }>

function onePort(protocol: ServicePort["protocol"], port: number): RequestedPorts {
  return { kind: "range", protocol, from: port, to: port }
}

function podOf(end: End, world: World): Pod | null {
  if (end.kind === "pod") return end.pod
  return end.kind === "address" ? world.ownerOf(end.address) : null
}

function portsNamed(end: End, { name, protocol }: NamedRequest, world: World): readonly number[] {
  const ports = podOf(end, world)?.ports ?? []
  return [
    ...new Set(
      ports.filter((port) => port.name === name && port.protocol === protocol).map(({ port }) => port),
    ),
  ]
}

function unknownPortName(reference: Reference, { name, protocol }: NamedRequest, world: World) {
  const ends = reference.kind === "ends" ? reference.ends : []
  const ports = ends.flatMap((end) => podOf(end, world)?.ports ?? []).filter((port) => port.name !== "")
  const offered = [...new Set(ports.map((port) => `${port.name}/${port.protocol}`))]
  const best = closest(`${name}/${protocol}`, offered)
  const near = best === undefined ? listed(offered) : `, did you mean ${best}?`
  return diagnostic("unknownPortName", { value: reference.text, protocol, name: shown(name), near })
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "; it names no port" : `; it names ${names.join(", ")}`
}

function serviceDestinations(
  service: Service,
  request: PortRequest | null,
  world: World,
): Checked<readonly Destination[]> {
  const value = `${service.namespace}/${service.name}`
  const pods = world.podsBehind(service)
  if (pods.length === 0) {
    const none = Object.keys(service.selector).length === 0
    const why = none ? "it has no selector" : "its selector holds no pod that runs"
    return bad(diagnostic("serviceWithoutEndpoints", { value, why }))
  }
  if (request === null) {
    return good(pods.map((pod) => ({ end: { kind: "pod", pod }, ports: null, throughService: service })))
  }
  const ports = service.ports.filter((port) => asksFor(request, port))
  if (ports.length === 0) {
    const offered = service.ports.map(
      (port) => `${port.name ? `${port.name} ` : ""}${port.port}/${port.protocol}`,
    )
    return bad(
      diagnostic("servicePort", {
        value,
        port: portRequestText(request),
        ports: offered.join(", ") || "none",
      }),
    )
  }
  const destinations = pods.flatMap((pod) =>
    ports.flatMap((port) =>
      targetPorts(pod, port).map((target): Destination => {
        return { end: { kind: "pod", pod }, ports: onePort(port.protocol, target), throughService: service }
      }),
    ),
  )
  if (destinations.length > 0) return good(destinations)
  const why = `no pod behind it has the target port ${ports.map((port) => shown(port.targetPort)).join(", ")}`
  return bad(diagnostic("serviceWithoutEndpoints", { value, why }))
}

function asksFor(request: PortRequest, port: ServicePort): boolean {
  switch (request.kind) {
    case "range":
      return request.protocol === port.protocol && request.from <= port.port && port.port <= request.to
    case "name":
      return request.protocol === port.protocol && request.name === port.name
    case "other":
      return false
  }
}

function targetPorts(pod: Pod, { targetPort, protocol }: ServicePort): readonly number[] {
  if (typeof targetPort === "number") return [targetPort]
  const named = pod.ports.find((port) => port.name === targetPort && port.protocol === protocol)
  return named === undefined ? [] : [named.port]
}
