import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { commandLinePage } from "../../scripts/command-line-page.ts"
import { CRD_DIRECTORIES, crdFiles } from "../../scripts/crds.ts"
import { diagnosticsPage } from "../../scripts/diagnostics-page.ts"
import { mapPage } from "../../scripts/map-page.ts"
import { mapPicture } from "../../scripts/map-picture.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const commandLine = await commandLinePage()

test.for([...crdFiles, ...diagnosticsPage, ...commandLine])(
  "%s is what the code says (npm run generate)",
  ([path, text]) => {
    expect(readFileSync(`${root}${path}`, "utf8")).toBe(text)
  },
)

test.for([
  ["the script of the HTML map", mapPage],
  ["the map of the online boutique", mapPicture],
] as const)("%s is what the code makes (npm run generate)", async ([, make]) => {
  for (const [path, text] of await make()) expect(readFileSync(`${root}${path}`, "utf8")).toBe(text)
})

test("there is no CRD that no code stands behind", () => {
  const files = CRD_DIRECTORIES.flatMap((directory) =>
    readdirSync(`${root}${directory}`).map((name) => `${directory}/${name}`),
  )
  expect(files.toSorted()).toEqual([...crdFiles.keys()].toSorted())
})
