import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { setBridgeSysctls } from "./set-bridge-sysctls.ts"

const FOUR = "bridge-nf-call-iptables"
const SIX = "bridge-nf-call-ip6tables"

function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-sysctls-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return directory
}

test("what is off is switched on, and what is on is left alone", async () => {
  const directory = directoryWith({ [FOUR]: "0\n", [SIX]: "1\n" })
  const lines = await setBridgeSysctls(directory)
  expect(readFileSync(join(directory, FOUR), "utf8")).toBe("1")
  expect(readFileSync(join(directory, SIX), "utf8")).toBe("1\n")
  expect(lines).toEqual([`net.bridge.${FOUR}: 0 -> 1`, `net.bridge.${SIX}: 1 already`])
})

test("a node without br_netfilter is no error: it may have no bridge with pods, and the agent looks", async () => {
  const lines = await setBridgeSysctls(directoryWith({}))
  expect(lines.join("\n")).toMatch(/br_netfilter is not loaded/)
})
