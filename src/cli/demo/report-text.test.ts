import { expect, test } from "vitest"
import { waysText } from "./report-text.ts"

const tried = (to: string, service: string | null = null) => ({
  request: { from: to, to, protocol: "TCP" as const, port: 80 },
  service,
})

test.for<[string, Parameters<typeof waysText>[0]]>([
  ["by IPv4", [tried("10.0.0.1")]],
  ["each by IPv4 and IPv6", [tried("fd00::1"), tried("10.0.0.1")]],
  ["each by IPv6 and Service", [tried("fd00::1"), tried("fd00::2", "shop/web")]],
  ["each by IPv4, IPv6 and Service", [tried("10.0.0.1"), tried("fd00::1"), tried("10.9.0.1", "shop/web")]],
])("a cell is said to be tried %s", ([text, tries]) => {
  expect(waysText(tries)).toBe(text)
})
