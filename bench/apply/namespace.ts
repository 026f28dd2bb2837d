// A network namespace of its own for one measurement, with a neighbour's table where asked.

import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface BenchNamespace {
  /** Enters it. */
  readonly prefix: readonly string[]
  readonly folder: string
  readonly close: () => void
}

/** `foreignChains`: chains of another table on the same machine, as a large kube-proxy makes them. */
export function openNamespace(foreignChains: number): BenchNamespace {
  const name = `pstba${process.pid.toString(16)}`
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"))
  const prefix = ["ip", "netns", "exec", name]
  const close = () => {
    execFileSync("ip", ["netns", "del", name])
    rmSync(folder, { recursive: true, force: true })
  }
  execFileSync("ip", ["netns", "add", name])
  try {
    if (foreignChains > 0) {
      const file = join(folder, "neighbour")
      writeFileSync(file, neighbour(foreignChains))
      execFileSync("ip", [...prefix.slice(1), "nft", "-f", file])
    }
  } catch (error) {
    close()
    throw error
  }
  return { prefix, folder, close }
}

function neighbour(chains: number): string {
  const numbers = Array.from({ length: chains }, (_, i) => i)
  return `table ip neighbour {
${numbers.map((i) => `  chain svc-${i} { tcp dport ${(i % 60_000) + 1} counter accept\n  }`).join("\n")}
}
`
}
