// The image's root file system as a directory, for builders that make an image of one (deploy/Containerfile).

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Image } from "./archive.ts"
import { completed } from "./file-entry.ts"

/** `directory` is made; modes are the image's, whatever the umask. */
export function writeDirectory(image: Image, directory: string): void {
  mkdirSync(directory, { recursive: true })
  // Sorted: a directory comes before what is in it.
  for (const entry of completed(image.layers.flatMap(({ entries }) => entries))) {
    const path = join(directory, entry.path)
    switch (entry.kind) {
      case "directory":
        mkdirSync(path)
        chmodSync(path, entry.mode)
        break
      case "file":
        writeFileSync(path, entry.content)
        chmodSync(path, entry.mode)
        break
      case "link":
        symlinkSync(entry.target, path)
        break
    }
  }
}
