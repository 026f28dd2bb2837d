// Writes every file that is made from code: npm run generate. A test fails where one differs.

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { commandLinePage } from "./command-line-page.ts"
import { crdFiles } from "./crds.ts"
import { deployManifests } from "./deploy-manifests.ts"
import { diagnosticsPage } from "./diagnostics-page.ts"
import { mapPage } from "./map-page.ts"
import { mapPicture } from "./map-picture.ts"
import { schemaFiles } from "./schemas.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

write([
  ...schemaFiles,
  ...crdFiles,
  ...diagnosticsPage,
  ...(await commandLinePage()),
  ...(await mapPage()),
  ...(await mapPicture()),
])
// Last, because they are made from the files before, and by helm, which is built with Go where it is missing.
write([...(await deployManifests())])

function write(files: readonly (readonly [path: string, text: string])[]): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(`${root}${path}`), { recursive: true })
    writeFileSync(`${root}${path}`, text)
    console.log(path)
  }
}
