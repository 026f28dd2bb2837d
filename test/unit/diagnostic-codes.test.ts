import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import type { CodeEntry } from "../../src/api/codes/table.ts"
import { codes } from "../../src/api/codes.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const entries: readonly (readonly [string, CodeEntry])[] = Object.entries(codes)
const folders = ["src", "webhook", "test", "packages/nftables-json/src", "packages/nftables-json/test"]
const texts = folders.flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .map((path) => ({ path: `${folder}/${path}`, text: readFileSync(`${root}${folder}/${path}`, "utf8") })),
)
const isTest = (path: string) => /\.(test|rows)\.ts$/.test(path) && !path.endsWith("diagnostic-codes.test.ts")

test("a code is PNP and four digits, and is not used twice", () => {
  const all = entries.map(([, { code }]) => code)
  expect(all.filter((code) => !/^PNP\d{4}$/.test(code))).toEqual([])
  expect(all.filter((code, i) => all.indexOf(code) !== i)).toEqual([])
})

test("a message is one line without a full stop, and something can be done about it", () => {
  for (const [, { template, remedy, title }] of entries) {
    expect(template).toMatch(/^[^\n]+[^.\n]$/)
    expect(title).toMatch(/^[^\n]+[^.\n]$/)
    expect(remedy).toMatch(/^\S[^\n]{9,}$/)
  }
})

test("every code is documented, and every documented code is in the list", () => {
  const page = readFileSync(`${root}docs/diagnostics.md`, "utf8")
  const documented = [...page.matchAll(/<\/a>(PNP\d{4}) \| (\w+) /g)].map(
    ([, code, severity]) => `${code} ${severity}`,
  )
  expect(documented.toSorted()).toEqual(
    entries.map(([, { code, severity }]) => `${code} ${severity}`).toSorted(),
  )
})

test("every code is raised somewhere", () => {
  const used = (name: string) =>
    texts.some(
      ({ path, text }) => !path.startsWith("src/api/codes") && !isTest(path) && text.includes(`"${name}"`),
    )
  expect(entries.map(([name]) => name).filter((name) => !used(name))).toEqual([])
})

test("every code is expected by a row of a test", () => {
  const tests = texts.filter(({ path }) => isTest(path))
  const expected = ([name, { code }]: readonly [string, CodeEntry]) =>
    tests.some(({ text }) => text.includes(code) || text.includes(`codes.${name}.code`))
  expect(entries.filter((entry) => !expected(entry)).map(([, { code }]) => code)).toEqual([])
})

test("no test expects a code that there is not", () => {
  const known = new Set<string>(entries.map(([, { code }]) => code))
  const named = texts.filter(({ path }) => isTest(path)).flatMap(({ text }) => text.match(/PNP\d{4}/g) ?? [])
  expect([...new Set(named)].filter((code) => !known.has(code))).toEqual([])
})
