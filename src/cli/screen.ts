// What lines are drawn for: colours, and the columns they have to fit into.

import { type Palette, palette, wantsColour } from "./palette.ts"

export interface Screen {
  readonly palette: Palette
  readonly columns: number
}

interface ScreenStream {
  readonly isTTY?: boolean
  /** Of a terminal. */
  readonly columns?: number
}

/** Longer lines are hard to follow, and a pipe has no width. */
const mostColumns = 100
/** Narrower than this the terminal may break the lines. */
const fewestColumns = 60

export function screenOf(stream: ScreenStream, environment: NodeJS.ProcessEnv): Screen {
  const { columns = mostColumns } = stream
  return {
    palette: palette(wantsColour(stream, environment)),
    // A terminal that does not tell its size says 0.
    columns: columns === 0 ? mostColumns : Math.min(mostColumns, Math.max(fewestColumns, columns)),
  }
}
