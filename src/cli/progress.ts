// Steps of long work, each one line with its time; on a terminal the running one turns.

import type { Screen } from "./screen.ts"
import { cut, duration, padded } from "./text-layout.ts"

export interface ProgressStream {
  readonly isTTY: boolean
  write(text: string): unknown
}

export interface Progress {
  /** For what goes beside the steps. */
  readonly screen: Screen
  /** Runs one step; what it returns and says is kept on its line. */
  readonly step: <T>(name: string, work: (say: (detail: string) => void) => Promise<T> | T) => Promise<T>
  /** A line between steps. */
  readonly line: (text: string) => void
}

const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".split("")
const nameColumns = 11
const timeColumns = 7
/** Two spaces, the mark, and a space between the parts; one more than there is would make a terminal break the line. */
const otherColumns = 6

export function createProgress(stream: ProgressStream, screen: Screen): Progress {
  const { palette, columns } = screen
  const detailColumns = columns - nameColumns - timeColumns - otherColumns
  const lineOf = (mark: string, name: string, detail: string, time: string) =>
    `  ${mark} ${palette.bold(padded(name, nameColumns))} ${padded(cut(detail, detailColumns), detailColumns)} ${palette.dim(time.padStart(timeColumns))}`
  return {
    screen,
    line: (text) => void stream.write(`${text}\n`),
    step: async (name, work) => {
      const started = performance.now()
      const elapsed = () => duration(performance.now() - started)
      let detail = ""
      let frame = 0
      const draw = () => {
        const turning = frames[frame++ % frames.length] ?? ""
        stream.write(`\r${lineOf(palette.warn(turning), name, detail, elapsed())}\u001b[K`)
      }
      const timer = stream.isTTY ? setInterval(draw, 80) : undefined
      if (stream.isTTY) draw()
      const end = (mark: string) => {
        clearInterval(timer)
        stream.write(
          `${stream.isTTY ? "\r" : ""}${lineOf(mark, name, detail, elapsed())}${stream.isTTY ? "\u001b[K" : ""}\n`,
        )
      }
      try {
        const result = await work((text) => {
          detail = text
        })
        end(palette.good("✓"))
        return result
      } catch (error) {
        end(palette.bad("✗"))
        throw error
      }
    },
  }
}
