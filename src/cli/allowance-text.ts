// Everything that may flow between two ends, as people read it.

import type { AllowanceJson } from "../api/explanation.ts"
import { parseAddress } from "../explain/address.ts"
import { intervalText } from "../explain/explain-json.ts"
import type { Palette } from "./palette.ts"
import { padded } from "./text-layout.ts"

/** Of an allowance with all its cases. */
export function allowanceJsonText(allowance: AllowanceJson, palette: Palette): string {
  const headline = `${palette.bold(`${allowance.from} → ${allowance.to}`)}  everything that may flow`
  const groups = groupedAllowances(allowance.cases)
  const lines = groups.flatMap(({ names, allowed }) => [
    ...(groups.length > 1 ? names.map((name) => `  ${name}`) : []),
    ...allowedLines(allowed, palette),
    "",
  ])
  return [headline, "", ...lines].join("\n")
}

type Allowed = NonNullable<AllowanceJson["allowed"]>

function groupedAllowances(cases: AllowanceJson["cases"]) {
  const groups = new Map<string, { readonly names: string[]; readonly allowed: Allowed }>()
  for (const { from, fromAddress, to, toAddress, family, allowed } of cases) {
    const key = JSON.stringify(allowed)
    const group = groups.get(key) ?? { names: [], allowed }
    group.names.push(`${endText(from, fromAddress ?? family)} → ${endText(to, toAddress ?? family)}`)
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

function endText(end: string, address: string): string {
  return parseAddress(end) === null ? `${end} (${address})` : end
}
