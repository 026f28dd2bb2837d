// What a stream is made of: lines, addresses, and the choice of a replica.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { createCandidates, DEFAULT_PACE } from "./candidates.ts"
import { endpointText, readEndpoint } from "./endpoint.ts"
import { type Line, readLines } from "./line-reader.ts"
import { createReplicaMemory } from "./replica-memory.ts"

describe("lines", () => {
  async function* pieces(content: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    let start = 0
    for (const size of [...sizes, content.length]) {
      yield content.subarray(start, start + size)
      start += size
    }
  }
  const all = async (lines: AsyncIterable<Line>): Promise<readonly string[]> => {
    const texts: string[] = []
    for await (const { text } of lines) texts.push(text)
    return texts
  }

  test("are the same however they are cut, and what does not end is none", async () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")))
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat(7)), fc.string(), async (texts, sizes, rest) => {
        const content = texts.map((text) => `${text}\n`).join("") + rest.replaceAll("\n", "")
        expect(await all(readLines(pieces(Buffer.from(content), sizes)))).toEqual(texts)
      }),
    )
  })

  test("are bounded, whether they end or not", async () => {
    const read = (text: string) => all(readLines(pieces(Buffer.from(text), [3, 3, 3]), 8))
    expect(await read("12345678\n12345678\n")).toHaveLength(2)
    await expect(read("123456789\n")).rejects.toMatchObject({ code: "malformed" })
    await expect(read("ok\n123456789")).rejects.toMatchObject({ code: "malformed" })
  })
})

describe("endpoints", () => {
  test.for(["10.0.0.1:9443", "[fd00::1]:9443"])("%s", (text) => {
    const endpoint = readEndpoint(text)
    expect(endpoint === undefined ? "" : endpointText(endpoint)).toBe(text)
  })
  test.for([
    "controller:9443",
    "10.0.0.1",
    "fd00::1:9443",
    "[10.0.0.1]:9443",
    "10.0.0.1:0",
    "10.0.0.1:70000",
    "",
  ])("none: %s", (text) => expect(readEndpoint(text)).toBeUndefined())
})

describe("candidates", () => {
  const configured = [{ host: "10.0.0.1", port: 1 }]
  const learned = ["10.0.0.2:2", "10.0.0.3:3", "10.0.0.1:1"]

  test("are the configured ones first, then the learned ones, and again", () => {
    const candidates = createCandidates({ configured, learned })
    const round = () => Array.from({ length: 3 }, () => endpointText(candidates.next()))
    for (const [first, ...others] of [round(), round()]) {
      expect(first).toBe("10.0.0.1:1")
      expect(others.toSorted()).toEqual(["10.0.0.2:2", "10.0.0.3:3"])
    }
  })

  test("begin anew after a success", () => {
    const candidates = createCandidates({ configured, learned })
    candidates.next()
    candidates.next()
    candidates.succeeded()
    expect(endpointText(candidates.next())).toBe("10.0.0.1:1")
  })

  test("are waited for between 0.1 s and 10 s, the longer the more rounds were in vain", () => {
    const longest = (rounds: number): number => {
      const candidates = createCandidates({ configured, learned: [], random: () => 0.999_999 })
      let wait = 0
      for (let i = 0; i < rounds; i++) {
        candidates.next()
        wait = candidates.failed("unreachable")
      }
      return Math.round(wait)
    }
    expect([1, 2, 3, 4, 5, 100].map(longest)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
    const shortest = createCandidates({ configured, learned: [], random: () => 0 })
    shortest.next()
    expect(shortest.failed("ended")).toBe(DEFAULT_PACE.leastMs)
  })

  test("a thousand agents that lose a replica at once come to the next one spread over a second", () => {
    const tenths = new Map<number, number>()
    for (let agent = 0; agent < 1_000; agent++) {
      const candidates = createCandidates({ configured, learned })
      candidates.next()
      const tenth = Math.floor(candidates.failed("ended") / 100)
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1)
    }
    // A ninth of them each; 200 would be seven standard deviations off.
    expect(Math.max(...tenths.values())).toBeLessThan(200)
  })

  test("that all speak another protocol are asked seldom; one of them does not matter", () => {
    const candidates = createCandidates({ configured, learned: ["10.0.0.2:2"], random: () => 0.5 })
    const fail = (code: "incompatible" | "unreachable"): boolean => {
      candidates.next()
      return candidates.failed(code) > DEFAULT_PACE.mostMs
    }
    expect([fail("incompatible"), fail("incompatible")]).toEqual([false, true])
    expect([fail("incompatible"), fail("unreachable")]).toEqual([false, false])
  })
})

test("of replicas that are learned at once the last ones are remembered", async () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-replicas-"))
  const memory = createReplicaMemory(directory)
  const last = ["10.0.0.9:1", "10.0.0.8:1"]
  await Promise.all([["10.0.0.1:1"], [], ["10.0.0.2:1"], last].map((each) => memory.write(each)))
  expect(await createReplicaMemory(directory).read()).toEqual(last)
  rmSync(directory, { recursive: true })
})
