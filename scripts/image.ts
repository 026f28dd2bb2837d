// Builds the container image without a registry or a daemon.
//
//   npm run image                              dist/postern-VERSION-ARCHITECTURE.tar
//   npm run image -- --output FILE             the archive, elsewhere
//   npm run image -- --directory DIRECTORY     its root file system instead

import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import manifest from "../package.json" with { type: "json" }
import { archiveOf, type Image } from "./image/archive.ts"
import { posternImage } from "./image/image.ts"
import { ImageProblem } from "./image/problem.ts"
import { writeDirectory } from "./image/write-directory.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const EXIT_ENVIRONMENT = 3

try {
  const { values } = parseArgs({ options: { output: { type: "string" }, directory: { type: "string" } } })
  const image = await posternImage(root)
  if (values.directory === undefined) archive(image, values.output)
  else writeDirectory(image, resolve(values.directory))
} catch (error) {
  if (!(error instanceof ImageProblem)) throw error
  console.error(`postern: ${error.message}`)
  process.exitCode = EXIT_ENVIRONMENT
}

function archive(image: Image, output: string | undefined): void {
  const { content, digest, layers } = archiveOf(image)
  const name = `postern-${manifest.version}-${image.architecture}.tar`
  const path = resolve(output ?? join(root, "dist", name))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  const shown = relative(process.cwd(), path)
  console.log(`${image.reference}  ${digest}`)
  for (const layer of layers) {
    console.log(
      `  ${layer.name.padEnd(10)} ${megabytes(layer.bytes)}  packed ${megabytes(layer.packedBytes)}`,
    )
  }
  console.log(`  ${shown} ${megabytes(content.length)}`)
  console.log(`ctr -n k8s.io images import ${shown}    # on every node; or docker load -i ${shown}`)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1).padStart(6)} MB`
}
