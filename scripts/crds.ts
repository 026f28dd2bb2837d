// The CustomResourceDefinitions of our kinds, as files: for kubectl, and in the chart, which reads nothing outside itself.

import { stringify } from "yaml"
import { fieldOf } from "../src/api/conforms.ts"
import { crds } from "../src/api/crd.ts"

export const CRD_DIRECTORIES = ["crds", "deploy/chart/files/crds"] as const

/** Path in the repository -> text. */
export const crdFiles: ReadonlyMap<string, string> = new Map(
  crds.flatMap((crd) => {
    const name = String(fieldOf(fieldOf(crd, "metadata"), "name"))
    const head = "# Written by npm run generate from src/api.\n"
    const text = `${head}${stringify(crd, { lineWidth: 110, aliasDuplicateObjects: false })}`
    return CRD_DIRECTORIES.map((directory) => [`${directory}/${name}.yaml`, text] as const)
  }),
)
