import * as fc from "fast-check"
import { expect, test } from "vitest"
import { InFlight } from "./in-flight.ts"

const MEBIBYTE = 1024 * 1024

class Stream {
  buffered: number

  constructor(buffered: number) {
    this.buffered = buffered
  }
}

test("the sum is that of all streams, each counted for 4 MiB at most", () => {
  const flight = new InFlight()
  for (const buffered of [0, 100, 50 * MEBIBYTE]) flight.measure(new Stream(buffered))
  expect(flight.bytes).toBe(100 + 4 * MEBIBYTE)
})

test("a stream that is empty, or gone, counts no more", () => {
  const flight = new InFlight()
  const [emptied, gone] = [new Stream(10), new Stream(20)]
  flight.measure(emptied)
  flight.measure(gone)
  emptied.buffered = 0
  flight.measure(emptied)
  flight.drop(gone)
  expect(flight.bytes).toBe(0)
})

test("law: what sockets have taken is seen when each was looked at, in any order of events", () => {
  const act = fc.record({
    stream: fc.nat(19),
    bytes: fc.nat(1000),
    what: fc.constantFrom("write", "take", "drop", "look"),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
      const flight = new InFlight()
      const streams = Array.from({ length: 20 }, () => new Stream(0))
      const dropped = new Set<Stream>()
      for (const { stream, bytes, what } of acts) {
        const chosen = streams[stream]
        if (chosen === undefined || dropped.has(chosen)) continue
        if (what === "write") {
          chosen.buffered += bytes
          flight.measure(chosen)
        } else if (what === "take") {
          chosen.buffered = Math.max(0, chosen.buffered - bytes)
        } else if (what === "drop") {
          flight.drop(chosen)
          dropped.add(chosen)
        } else {
          flight.lookAtSome()
        }
      }
      for (let turn = 0; turn < 3; turn++) flight.lookAtSome()
      const left = streams.filter((each) => !dropped.has(each))
      expect(flight.bytes).toBe(left.reduce((sum, { buffered }) => sum + buffered, 0))
    }),
  )
})
