import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
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

test("who writes the pipe that is read may take its time", { timeout: 120_000 }, async () => {
  const child = spawn(process.execPath, ["bin/postern.js", "connectivity", "-f", "-", "-o", "json"], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
  })
  const [output, errors] = [text(child.stdout), text(child.stderr)]
  // Long enough for it to have asked, on a computer that is not busy; elsewhere this proves less and fails no more.
  const half = "apiVersion: v1\nkind: Pod\n"
  await sleep(1500)
  child.stdin.write(half)
  await sleep(500)
  child.stdin.end("metadata: { name: web }\n")
  const [status] = await once(child, "close")
  expect([status, await output, await errors]).toEqual([0, expect.stringMatching(/^\[\n.*web\[Pod\]/), ""])
})
