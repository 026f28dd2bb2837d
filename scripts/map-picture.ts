// The map of the online boutique, as the README shows it.

import { fileURLToPath } from "node:url"
import { tellConnectivity } from "../src/cli/connectivity.ts"
import { palette } from "../src/cli/palette.ts"

const example = fileURLToPath(new URL("../policies-examples/online-boutique", import.meta.url))

export async function mapPicture(): Promise<readonly (readonly [path: string, text: string])[]> {
  const { output } = await tellConnectivity(
    {
      file: [example],
      namespace: "default",
      enforcement: "enforce",
      systemNamespace: "postern-system",
      output: "svg",
    },
    { palette: palette(false), columns: 100 },
  )
  return [["docs/online-boutique.svg", output]]
}
