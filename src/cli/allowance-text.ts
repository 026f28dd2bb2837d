// Everything that may flow between two ends, as people read it.

import type { Allowed } from "../explain/allowed.ts"
import { type Asked, intervalText, knownAddress } from "../explain/explain-json.ts"
import type { AllowedCase } from "../explain/inquiry.ts"
import type { Endpoint } from "../explain/judge.ts"
import { endpointText } from "../explain/words.ts"
import type { Palette } from "./palette.ts"
import { padded } from "./text-layout.ts"

export function allowanceText(asked: Asked, cases: readonly AllowedCase[], palette: Palette): string {
  const headline = `${palette.bold(`${asked.from} → ${asked.to}`)}  everything that may flow`
  const groups = groupedAllowances(cases)
  const lines = groups.flatMap(({ names, allowed }) => [
    ...(groups.length > 1 ? names.map((name) => `  ${name}`) : []),
    ...allowedLines(allowed, palette),
    "",
  ])
  return [headline, "", ...lines].join("\n")
}

function groupedAllowances(cases: readonly AllowedCase[]) {
  const groups = new Map<string, { readonly names: string[]; readonly allowed: Allowed }>()
  for (const { connection, allowed } of cases) {
    const key = JSON.stringify(allowed)
    const group = groups.get(key) ?? { names: [], allowed }
    group.names.push(`${endText(connection.from)} → ${endText(connection.to)}`)
    groups.set(key, group)
  }
  return [...groups.values()]
}

function allowedLines(allowed: Allowed, palette: Palette): readonly string[] {
  const line = (name: string, ports: string) => {
    const none = ports === ""
    return `    ${none ? palette.bad("✗") : palette.good("✓")} ${padded(name, 6)} ${none ? palette.dim("nothing") : ports}`
  }
  const protocols = (["TCP", "UDP", "SCTP"] as const).map((protocol) => {
    const [first] = allowed[protocol]
    const all = first !== undefined && first.from === 0 && first.to === 65535
    return line(protocol, all ? "every port" : allowed[protocol].map(intervalText).join(", "))
  })
  const observed = allowed.observed
    ? [`    ${palette.warn("some of it would be denied, but is only observed")}`]
    : []
  return [...protocols, line("other", allowed.other ? "ICMP and every other protocol" : ""), ...observed]
}

function endText(end: Endpoint): string {
  return `${endpointText(end)}${end.kind === "outside" ? "" : ` (${knownAddress(end) ?? end.address.family})`}`
}
