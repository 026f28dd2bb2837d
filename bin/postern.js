#!/usr/bin/env node
// Starts postern under Node 24, which runs its TypeScript: by itself where it is one, else under the one that
// npm installed beside it. Plain JavaScript, because any Node has to read it.

import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const OLDEST_MAJOR = 24
const EXIT_ENVIRONMENT = 3
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url))

if (Number(process.versions.node.split(".")[0]) >= OLDEST_MAJOR)
  await import(new URL("../src/cli/main.ts", import.meta.url).href)
else runAgain(installedNode(dirname(dirname(main))))

/** node_modules/node of this package, or of a directory that it is installed in. */
function installedNode(from) {
  const node = join(from, "node_modules", "node", "bin", "node")
  if (existsSync(node)) return node
  const above = dirname(from)
  return above === from ? null : installedNode(above)
}

function runAgain(node) {
  if (node === null) {
    console.error(
      `postern: needs Node ${OLDEST_MAJOR} or newer, this is ${process.versions.node}; run npm ci in ${dirname(dirname(dirname(main)))}`,
    )
    process.exit(EXIT_ENVIRONMENT)
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" })
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on("error", (error) => {
    console.error(`postern: cannot run ${node}: ${error.message}`)
    process.exit(EXIT_ENVIRONMENT)
  })
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? EXIT_ENVIRONMENT)
    for (const each of signals) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}
