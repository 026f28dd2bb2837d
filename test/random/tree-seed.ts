// The seed of `npm test`: a number of its own for every state of the source, the same on every machine.
//
// A run can be repeated by anybody, and every change is tried with other random cases; `npm run fuzz` and
// POSTERN_SEED try more of them.

import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export function treeSeed(root: string): number {
  const hash = createHash("sha256")
  for (const folder of ["src", "packages/nftables-json/src"]) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    for (const name of names.filter((each) => each.endsWith(".ts")).sort()) {
      hash.update(name).update(readFileSync(join(root, folder, name)))
    }
  }
  return hash.digest().readUInt32BE() >>> 1
}
