// Names of ends and ports as people read them.

import type { Address, Endpoint, Port } from "./judge.ts"

export function endpointText(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "pod":
      return `${endpoint.pod.namespace}/${endpoint.pod.name}`
    case "node":
      return endpoint.pod === null
        ? `node ${endpoint.node}`
        : `${endpoint.pod.namespace}/${endpoint.pod.name} (host network, counts as its node)`
    case "outside":
      return addressText(endpoint.address)
  }
}

export function addressText(address: Address): string {
  return address.kind === "known" ? address.text : `any address of ${address.within.join(", ")}`
}

export function portText(port: Port): string {
  return port.kind === "other" ? port.protocol : `${port.port}/${port.protocol}`
}
