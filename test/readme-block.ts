// What the README shows of a command: the lines below it.

import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const README = fileURLToPath(new URL("../README.md", import.meta.url))
const INDENT = "    "

/** Up to the next command, or where the block ends. */
export function readmeBlock(command: string): readonly string[] {
  const lines = readFileSync(README, "utf8").split("\n")
  const start = lines.findIndex((line) => line.startsWith(`${INDENT}$ ${command}`))
  if (start < 0) throw new Error(`the README shows no ${command}`)
  const rest = lines.slice(start + 1)
  const end = rest.findIndex(
    (line) => line.startsWith(`${INDENT}$ `) || (line !== "" && !line.startsWith(INDENT)),
  )
  const block = rest.slice(0, end < 0 ? rest.length : end).map((line) => line.slice(INDENT.length))
  return block.slice(0, block.findLastIndex((line) => line !== "") + 1)
}
