import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { commandLinePage } from "../../scripts/command-line-page.ts"
import { CRD_DIRECTORIES, crdFiles } from "../../scripts/crds.ts"
import { diagnosticsPage } from "../../scripts/diagnostics-page.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const commandLine = await commandLinePage()

test.for([...crdFiles, ...diagnosticsPage, ...commandLine])(
  "%s is what the code says (npm run generate)",
  ([path, text]) => {
    expect(readFileSync(`${root}${path}`, "utf8")).toBe(text)
  },
)

test("there is no CRD that no code stands behind", () => {
  const files = CRD_DIRECTORIES.flatMap((directory) =>
    readdirSync(`${root}${directory}`).map((name) => `${directory}/${name}`),
  )
  expect(files.toSorted()).toEqual([...crdFiles.keys()].toSorted())
})
