import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, test } from "vitest"
import { root } from "./run.ts"

test("a reader that leaves is no error", async () => {
  const words = [
    "explain",
    "-f",
    "test/unit/cli/manifests",
    "--from",
    "shop/client",
    "--to",
    "shop/deploy/db",
  ]
  const child = spawn(process.execPath, ["bin/postern.js", ...words], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  })
  child.stdout.destroy()
  const errors: unknown[] = []
  child.stderr.on("data", (chunk) => errors.push(String(chunk)))
  await once(child, "close")
  expect(errors.join("")).not.toMatch(/EPIPE|Error:/)
})
