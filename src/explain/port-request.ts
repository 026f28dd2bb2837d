// PORT: how people ask for a port. 80 or 80/TCP, 5000-5010/UDP, http (a port's name) or ICMP.

import { diagnostic, shown } from "../api/report.ts"
import type { Protocol } from "../compile/snapshot.ts"
import { bad, type Checked, good } from "./checked.ts"

export type PortRequest =
  | { readonly kind: "range"; readonly protocol: Protocol; readonly from: number; readonly to: number }
  | { readonly kind: "name"; readonly protocol: Protocol; readonly name: string }
  | { readonly kind: "other"; readonly protocol: string }

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"]

export function parsePortRequest(text: string): Checked<PortRequest> {
  const mistake = (why: string) => bad<PortRequest>(diagnostic("unreadablePort", { value: shown(text), why }))
  if (/^icmp(v6)?$/i.test(text)) return good({ kind: "other", protocol: "ICMP" })
  const [port = "", written = "TCP", ...rest] = text.split("/")
  const protocol = PROTOCOLS.find((each) => each === written.toUpperCase())
  if (protocol === undefined || rest.length > 0) return mistake(`${shown(written)} is not TCP, UDP or SCTP`)
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port)
  if (range === null)
    return readName(port, protocol) ?? mistake("it is neither a number, a range, a port name nor ICMP")
  const from = Number(range[1])
  const to = Number(range[2] ?? range[1])
  if (from < 1 || to > 65535) return mistake("ports are 1 to 65535")
  if (to < from) return mistake("the range is empty")
  return good({ kind: "range", protocol, from, to })
}

export function portRequestText(request: PortRequest): string {
  switch (request.kind) {
    case "range":
      return `${request.from === request.to ? request.from : `${request.from}-${request.to}`}/${request.protocol}`
    case "name":
      return `${request.name}/${request.protocol}`
    case "other":
      return request.protocol
  }
}

function readName(name: string, protocol: Protocol): Checked<PortRequest> | null {
  return /^[a-z0-9-]{1,63}$/.test(name) && /[a-z]/.test(name) ? good({ kind: "name", protocol, name }) : null
}
