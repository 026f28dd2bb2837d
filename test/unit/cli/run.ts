// Runs the real postern as a user does.

import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../../..", import.meta.url))

export interface Run {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  readonly input?: string
  /** Arguments of node itself. */
  readonly node?: readonly string[]
}

export function postern(words: readonly string[], options: RunOptions = {}): Run {
  const { environment = {}, directory = root, input = "", node = [] } = options
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...node, `${root}bin/postern.js`, ...words],
    {
      cwd: directory,
      input,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...environment },
    },
  )
  return { status, output: stdout, errors: stderr }
}
