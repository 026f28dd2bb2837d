import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { missingTools } from "./preflight.ts"

function directoryWith(tools: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-preflight-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const tool of tools) {
    writeFileSync(join(directory, tool), "")
    chmodSync(join(directory, tool), tool === "perl" ? 0o644 : 0o755)
  }
  return directory
}

test("each missing tool is one line that says what to install; a file that cannot be run is no tool", () => {
  const directory = directoryWith(["ip", "nft", "perl", "nsenter", "unshare"])
  expect(missingTools(`/nonexistent:${directory}`)).toStrictEqual([
    "conntrack is not installed: apt-get install conntrack",
    "perl is not installed: apt-get install perl-base",
  ])
})

test("nothing is missing where every tool is in some directory", () => {
  const some = directoryWith(["ip", "nft", "conntrack"])
  const others = directoryWith(["nsenter", "unshare", "perl"])
  chmodSync(join(others, "perl"), 0o755)
  expect(missingTools(`${some}:${others}`)).toStrictEqual([])
})
