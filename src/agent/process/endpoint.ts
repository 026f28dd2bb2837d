// Where a controller replica listens: an address and a port, never a name. Name resolution runs in pods that Postern
// enforces, and must not be what keeps Postern from starting.

import { isIP } from "node:net"

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Of "10.0.0.1:9443" or "[fd00::1]:9443"; undefined for anything else. */
export function readEndpoint(text: string): Endpoint | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ""
  const port = Number(digits)
  if (isIP(host) !== (bracketed === undefined ? 4 : 6) || port < 1 || port > 65_535) return undefined
  return { host, port }
}

export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
}
