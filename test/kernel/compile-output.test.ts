import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"
import { postern } from "../unit/cli/run.ts"

test.for([
  ["native syntax", "nft", ["-c", "-f", "-"]],
  ["JSON", "json", ["-j", "-c", "-f", "-"]],
] as const)("what postern compile prints is loaded by nft: %s", ([, format, words]) => {
  const run = postern(["compile", "-f", "policies-examples/online-shop", "--node", "bridged", "-o", format])
  expect(run.status).toBe(0)
  // A network namespace of its own, gone with the process: nft -c asks the kernel too. And a pipe of its own: nft
  // opens /dev/stdin by name, which is refused for the socket that Node gives a child.
  const command = `cat | unshare --net nft ${words.join(" ")}`
  const nft = spawnSync("sh", ["-c", command], { input: run.output, encoding: "utf8" })
  expect(nft).toMatchObject({ status: 0, stderr: "" })
})
