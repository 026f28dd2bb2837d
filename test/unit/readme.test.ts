// What the README shows of commands that need no cluster is what they say.

import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { BOUTIQUE, misspelt } from "../misspelt-boutique.ts"
import { readmeBlock } from "../readme-block.ts"

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url))
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "postern-readme-"))
  for (const folder of ["before", "deploy"]) {
    mkdirSync(join(directory, folder))
    for (const file of ["workloads.yaml", "policies.yaml"]) {
      copyFileSync(join(BOUTIQUE, file), join(directory, folder, file))
    }
  }
  writeFileSync(join(directory, "deploy/policies.yaml"), misspelt().all)
})

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

test.for(["lint -f deploy/", "diff before deploy"])("postern %s", (words) => {
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...words.split(" ")], {
    cwd: directory,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], NO_COLOR: "1", COLUMNS: "110" },
  })
  expect(`${stderr}${stdout}`.trimEnd().split("\n")).toEqual(readmeBlock(`postern ${words}`))
})
