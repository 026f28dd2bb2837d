// The image of this source tree for the machine's architecture.

import manifest from "../../package.json" with { type: "json" }
import type { Image } from "./archive.ts"
import { bundles } from "./bundles.ts"
import { ImageProblem } from "./problem.ts"
import { rootFileSystem } from "./root-file-system.ts"

export async function posternImage(root: string): Promise<Image> {
  const { debian, node, packages } = rootFileSystem(root)
  return {
    reference: `postern.dev/postern:${manifest.version}`,
    architecture: architecture(),
    labels: {
      "org.opencontainers.image.title": manifest.name,
      "org.opencontainers.image.description": manifest.description,
      "org.opencontainers.image.version": manifest.version,
      "org.opencontainers.image.licenses": manifest.license,
      "dev.postern.debian-packages": packages.join(" "),
    },
    environment: { PATH: "/usr/sbin:/usr/bin", NODE_ENV: "production" },
    entrypoint: ["/usr/bin/postern"],
    // What changes most is last: an upgrade of Postern alone is a layer of its own.
    layers: [
      { name: "debian", entries: debian },
      { name: "node", entries: node },
      { name: "postern", entries: await bundles(root, manifest.version) },
    ],
  }
}

function architecture(): "amd64" | "arm64" {
  if (process.arch === "x64") return "amd64"
  if (process.arch === "arm64") return "arm64"
  throw new ImageProblem(`there is an image for amd64 and arm64; this machine is ${process.arch}`)
}
