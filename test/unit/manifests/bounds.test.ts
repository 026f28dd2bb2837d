// Documents that are small to write and endless to read, and files that are large but honest.

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { LIMITS, readStream } from "../../../src/manifests/load-file.ts"
import { readManifests } from "../../../src/manifests/read-manifests.ts"
import { policyWith, readText, toldOf } from "./marked.ts"

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function readFile(name: string, text: string) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bounds-"))
  folders.push(folder)
  writeFileSync(join(folder, name), text)
  return readManifests([folder], { namespace: "default" })
}

/** `levels` anchors, each ten of the one before: by `line` from its number and the aliases. */
function laughs(levels: number, line: (i: number, aliases: string) => string, first: string): string {
  const lines = Array.from({ length: levels }, (_, i) =>
    line(i + 1, Array.from({ length: 10 }, () => `*a${i}`).join(", ")),
  )
  return [first, ...lines].join("\n")
}

/** Of what would take hours, or all memory, where it is not bounded. */
const SOON = { timeout: 60_000 }
const LONG = { timeout: 300_000 }

test.for<readonly [string, string, string]>([
  ["a list of lists of lists", laughs(30, (i, all) => `a${i}: &a${i} [${all}]`, "a0: &a0 [x]"), "PNP0112"],
  [
    "mappings merged from mappings",
    laughs(30, (i, all) => `a${i}: &a${i} { <<: [${all}], k${i}: 1 }`, "a0: &a0 { x: 1 }"),
    "PNP0112",
  ],
  ["one long list, many times", `a: &a [${"x, ".repeat(20_000)}]\nb: [${"*a, ".repeat(100)}]`, "PNP0112"],
  ["brackets", `a: ${"[".repeat(100_000)}${"]".repeat(100_000)}`, "PNP0113"],
  ["brackets that never close", `a: ${"[".repeat(100_000)}`, "PNP0113"],
  ["braces, just over the bound", `${"{a: ".repeat(101)}1${"}".repeat(101)}`, "PNP0113"],
  ["dashes", `${"- ".repeat(50_000)}a`, "PNP0113"],
  ["indentation", Array.from({ length: 2000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "PNP0113"],
  ["keys that are keys of keys", "? ".repeat(50), "PNP0114"],
])("%s", SOON, ([, text, code]) => {
  const [first] = readText(text).diagnostics
  expect(first?.code).toBe(code)
})

test("what is as deep as the bound is read", () => {
  const { diagnostics } = readText(`${"{a: ".repeat(99)}1${"}".repeat(99)}`)
  expect(diagnostics.map(({ code }) => code)).toEqual(["PNP0105", "PNP0120"])
})

test("a thousand aliases of a small anchor are no attack", () => {
  const labels = `x: &a { app: web }\ny: [${"*a, ".repeat(1000)}]`
  expect(readText(labels).diagnostics.map(({ code }) => code)).toEqual(["PNP0105", "PNP0120"])
})

test("keys that a mapping has by the ten thousand take linear time", SOON, () => {
  const data = Array.from({ length: 20_000 }, (_, i) => `  k${i}: "1"`).join("\n")
  expect(
    readText(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata:\n${data}\n`).diagnostics,
  ).toEqual([])
})

test("JSON as deep as it likes is no danger", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
  const policy = `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a"},"spec":{"podSelector":${deep}}}`
  expect(readFile("a.json", policy).diagnostics.map((each) => toldOf(each))).toEqual([
    "1:107 PNP0203 spec.podSelector",
  ])
  const lists = `${'{"apiVersion":"v1","kind":"List","items":['.repeat(5000)}${"]}".repeat(5000)}`
  expect(readFile("a.json", lists).diagnostics.map(({ code }) => code)).toEqual(["PNP0113"])
})

test("a JSON string that never ends is told in linear time", SOON, () => {
  const { diagnostics } = readFile("a.json", `{"a": "${"x".repeat(1_000_000)}`)
  expect(diagnostics.map((each) => toldOf(each))).toEqual(["1:7 PNP0109"])
})

test("YAML over 32 MiB is refused", () => {
  const text = `# ${"x".repeat(LIMITS.yaml)}\n`
  expect(readFile("a.yaml", text).diagnostics.map((each) => toldOf(each))).toEqual(["1:1 PNP0103"])
})

test("ten thousand documents take ten times what a thousand take", LONG, () => {
  const spec =
    "podSelector: { matchLabels: { app: web } }\ningress:\n  - from: [{ podSelector: {} }]\n    ports: [{ port: 80 }]"
  /** Processor time, in microseconds: a machine may do other things, too. */
  const taken = (count: number): number => {
    const documents = Array.from({ length: count }, (_, i) =>
      policyWith(spec).replace("name: p", `name: p${i}`),
    )
    const before = process.cpuUsage()
    const read = readText(documents.join("---\n"))
    const { user } = process.cpuUsage(before)
    expect(read.snapshot.policies.length).toBe(count)
    expect(read.diagnostics).toEqual([])
    return user
  }
  // The first thousand are read by code that is not compiled yet.
  taken(1_000)
  expect(taken(10_000) / taken(1_000)).toBeLessThan(40)
})

test("100 MB of JSON are read, and its mistakes have places", LONG, () => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "", annotations: { text: "x".repeat(10_000) } },
  }
  const items = Array.from({ length: 10_000 }, (_, i) => ({
    ...pod,
    metadata: { ...pod.metadata, name: `p${i}` },
  }))
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "a" },
    spec: { egres: [] },
  }
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...items, policy] })
  expect(text.length).toBeGreaterThan(100e6)
  const read = readFile("a.json", text)
  expect(read.snapshot.pods.length).toBe(10_000)
  expect(read.diagnostics.map((each) => toldOf(each))).toEqual([
    `1:${text.indexOf('{"egres"') + 1} PNP0317 spec`,
    `1:${text.indexOf('"egres"') + 1} PNP0201 spec.egres`,
  ])
})

test.for<readonly [string, string, number, number]>([
  ["a device that does not end", "/dev/zero", 3 * 1024 * 1024, 4 * 1024 * 1024],
  ["a device with nothing in it", "/dev/null", 3 * 1024 * 1024, 0],
])("of %s no more is read than shows that it is too large", ([, path, most, expected]) => {
  const descriptor = openSync(path, "r")
  expect(readStream(descriptor, most).length).toBe(expected)
  closeSync(descriptor)
})
