// The CustomResourceDefinitions of our kinds, as files.

import { stringify } from "yaml"
import { fieldOf } from "../src/api/conforms.ts"
import { crds } from "../src/api/crd.ts"

/** Path in the repository -> text. */
export const crdFiles: ReadonlyMap<string, string> = new Map(
  crds.map((crd) => {
    const name = String(fieldOf(fieldOf(crd, "metadata"), "name"))
    const head = "# Written by npm run generate from src/api.\n"
    return [
      `crds/${name}.yaml`,
      `${head}${stringify(crd, { lineWidth: 110, aliasDuplicateObjects: false })}`,
    ] as const
  }),
)
