// The manifest of the published package, beside the built files: `npm pack ./dist`.
//
// In the repository the package exports its TypeScript, which Node runs as it is; Node strips no types
// under node_modules, so what is published are JavaScript and declarations.

import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL("..", import.meta.url))
const dist = process.argv[2] ?? join(here, "dist")

const manifest: unknown = JSON.parse(readFileSync(join(here, "package.json"), "utf8"))
const kept = ["name", "version", "description", "keywords", "license", "type", "engines", "sideEffects"]
const entries = kept.map((field) => [field, Reflect.get(Object(manifest), field)] as const)
const published = {
  ...Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
  exports: { "./*": { types: "./*.d.ts", default: "./*.js" } },
}
writeFileSync(join(dist, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`)
copyFileSync(join(here, "README.md"), join(dist, "README.md"))
copyFileSync(join(here, "..", "..", "LICENSE"), join(dist, "LICENSE"))

// tsc rewrites the endings of imports in JavaScript, and leaves them as they are in declarations.
for (const file of readdirSync(dist).filter((name) => name.endsWith(".d.ts"))) {
  const text = readFileSync(join(dist, file), "utf8")
  writeFileSync(join(dist, file), text.replaceAll(/"(\.\/[\w-]+)\.ts"/g, '"$1.js"'))
}
