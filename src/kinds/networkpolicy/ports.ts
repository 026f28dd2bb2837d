// The ports of a NetworkPolicy rule (API server: ValidateNetworkPolicyPort, IsValidPortName).

import { conforms, fieldOf } from "../../api/conforms.ts"
import { networkPolicyPortSchema } from "../../api/networkpolicy.ts"
import { type Place, shown, tell, within } from "../../api/report.ts"
import type { NamedPort, PortRange, Ports } from "../../compile/policy-ir.ts"

/** No ports are every port and every protocol; a port that cannot be read matches nothing. */
export function readPorts(sources: readonly unknown[], place: Place): Ports {
  if (sources.length === 0) return { kind: "any" }
  const ranges: PortRange[] = []
  const names: NamedPort[] = []
  for (const [i, source] of sources.entries()) {
    const port = readPort(source, within(place, i))
    if (port === undefined) continue
    if ("name" in port) names.push(port)
    else ranges.push(port)
  }
  return { kind: "some", ranges, names }
}

function readPort(source: unknown, place: Place): PortRange | NamedPort | undefined {
  const shaped = conforms(networkPolicyPortSchema, source, place)
  const port = fieldOf(source, "port")
  const endPort = fieldOf(source, "endPort")
  const end = typeof endPort === "number" ? endPort : undefined
  const found = readNumbers(port, end, place)
  if (!shaped || found === undefined) return undefined
  return { protocol: source.protocol ?? "TCP", ...found }
}

type Numbers = Omit<PortRange, "protocol"> | Omit<NamedPort, "protocol">

function readNumbers(port: unknown, endPort: number | undefined, place: Place): Numbers | undefined {
  if (typeof port === "string") return readName(port, endPort, place)
  if (typeof port === "number") return readRange(port, endPort, place)
  if (port === undefined && endPort === undefined) return { from: 0, to: 65535 }
  if (port === undefined) tell(within(place, "endPort"), "endPortAlone", {})
  return undefined
}

function readRange(port: number, endPort: number | undefined, place: Place): Numbers | undefined {
  let good = inRange(port, within(place, "port"))
  if (endPort !== undefined) {
    good = inRange(endPort, within(place, "endPort")) && good
    if (endPort < port) {
      tell(within(place, "endPort"), "endPortBelowPort", { port, endPort })
      good = false
    }
  }
  return good ? { from: port, to: endPort ?? port } : undefined
}

function inRange(port: number, place: Place): boolean {
  if (port >= 1 && port <= 65535) return true
  tell(place, "portRange", { value: port })
  return false
}

function readName(name: string, endPort: number | undefined, place: Place): Numbers | undefined {
  const why = portNameMistake(name)
  if (/^[0-9]+$/.test(name)) tell(within(place, "port"), "numericPortName", { value: shown(name) })
  else if (why !== undefined) tell(within(place, "port"), "portName", { value: shown(name), why })
  if (endPort !== undefined) tell(within(place, "endPort"), "endPortWithName", { value: shown(name) })
  return why === undefined && endPort === undefined ? { name } : undefined
}

/** What is wrong with a port name, or undefined. */
function portNameMistake(name: string): string | undefined {
  if (name === "") return "it is empty"
  if (name.length > 15) return `it has ${name.length} characters, more than 15`
  if (/[^a-z0-9-]/.test(name)) return "it has characters other than a-z, 0-9 and -"
  if (!/[a-z]/.test(name)) return "it has no letter"
  if (name.includes("--")) return "it has two - side by side"
  if (name.startsWith("-") || name.endsWith("-")) return "it starts or ends with -"
  return undefined
}
