import { expect, test } from "vitest"
import { createTransientLine } from "./transient-line.ts"

function screen(isTTY: boolean) {
  const written: string[] = []
  return { written, isTTY, write: (text: string) => written.push(text) }
}

test("where nobody looks nothing is written", () => {
  const stream = screen(false)
  const line = createTransientLine(stream)
  line.show("reading")
  line.clear()
  expect(stream.written).toEqual([])
})

test("a terminal is shown one line, and no trace of it at the end", () => {
  const stream = screen(true)
  let now = 0
  const line = createTransientLine(stream, () => now)
  line.clear()
  expect(stream.written).toEqual([])
  line.show("reading")
  // Sooner than an eye can follow: not drawn.
  line.show("reading more")
  now = 1000
  line.show("reading much more")
  line.clear()
  expect(stream.written).toEqual(["\rreading\u001b[K", "\rreading much more\u001b[K", "\r\u001b[K"])
})
