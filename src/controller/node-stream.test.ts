// What a stream says when there is nothing to send.

import type { RulesetObject } from "nftables-json/schema"
import { expect, test } from "vitest"
import { NodeStream } from "./node-stream.ts"

function streamWithRuleset() {
  const lines: string[] = []
  const sink = { buffered: () => 0, write: (line: string) => lines.push(line), end: () => undefined }
  const request = { protocol: 1, version: "", revision: 0, digest: "", asOf: "", connections: [] }
  const stream = new NodeStream("node-a", request, { sink, now: 0 })
  const whole = {
    rendered: { ruleset: [], digest: "d", texts: new WeakMap<RulesetObject, string>() },
    digest: "d",
    asOf: "then",
    forget: [],
    bindings: [],
    owners: {},
  }
  stream.sendWhole(whole, 0)
  return { stream, kinds: () => lines.splice(0).map((line) => JSON.parse(line)) }
}

test("an agent hears once how far it knows, two seconds after the last line, and its revision stays", () => {
  const { stream, kinds } = streamWithRuleset()
  kinds()
  stream.beat("now", 1_000)
  expect(kinds()).toStrictEqual([])
  stream.beat("now", 2_000)
  expect(kinds()).toStrictEqual([{ kind: "unchanged", revision: 1, asOf: "now" }])
  stream.beat("now", 4_000)
  expect(kinds()).toStrictEqual([])
})

test("it hears that the replica is alive when nothing was said for four seconds", () => {
  const { stream, kinds } = streamWithRuleset()
  kinds()
  stream.beat("then", 3_999)
  expect(kinds()).toStrictEqual([])
  stream.beat("then", 4_000)
  expect(kinds()).toStrictEqual([{ kind: "alive" }])
})
