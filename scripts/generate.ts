// Writes every file that is made from code: npm run generate. A test fails where one differs.

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { crdFiles } from "./crds.ts"
import { diagnosticsPage } from "./diagnostics-page.ts"
import { schemaFiles } from "./schemas.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

for (const [path, text] of [...schemaFiles, ...crdFiles, ...diagnosticsPage]) {
  mkdirSync(dirname(`${root}${path}`), { recursive: true })
  writeFileSync(`${root}${path}`, text)
  console.log(path)
}
