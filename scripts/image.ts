// Builds the container image without a registry or a daemon: npm run image [-- --output FILE]

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import manifest from "../package.json" with { type: "json" }
import { archiveOf } from "./image/archive.ts"
import { posternImage } from "./image/image.ts"
import { ImageProblem } from "./image/problem.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const EXIT_ENVIRONMENT = 3

try {
  const { values } = parseArgs({ options: { output: { type: "string" } } })
  const image = await posternImage(root)
  const archive = archiveOf(image)
  const name = `postern-${manifest.version}-${image.architecture}.tar`
  const path = resolve(values.output ?? join(root, "dist", name))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, archive.content)
  const rows = archive.layers.map(
    ({ name, bytes, packedBytes }) =>
      `  ${name.padEnd(10)} ${megabytes(bytes)}  packed ${megabytes(packedBytes)}`,
  )
  const shown = relative(process.cwd(), path)
  console.log(
    [
      `${image.reference}  ${archive.digest}`,
      ...rows,
      `  ${shown} ${megabytes(archive.content.length)}`,
    ].join("\n"),
  )
  console.log(`ctr -n k8s.io images import ${shown}    # on every node; or docker load -i ${shown}`)
} catch (error) {
  if (!(error instanceof ImageProblem)) throw error
  console.error(`postern: ${error.message}`)
  process.exitCode = EXIT_ENVIRONMENT
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(6)} MB`
}
